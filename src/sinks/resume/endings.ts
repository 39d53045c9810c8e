import type { AggTrade, Environment, FeedRecord, Position, TradeEvent } from '../../domain/record.ts';
import type { Ending, EndingsOptions, LastTrade } from '../contract.ts';

interface Series {
  readonly venue: string;
  readonly symbol: string;
  readonly environment: Environment;
  readonly epoch: number;
  trade: LastTrade | null | undefined;
  aggTrade: LastTrade | null | undefined;
  /** Which of both were found, not taken from a position. */
  readonly found: Set<'trade' | 'agg_trade'>;
}

/**
 * Where each venue and symbol ends, out of its last position and the trades that a sink finds near its end. The last
 * trade found of the latest epoch counts, by its place, not its id: a testnet's ids start again. Where none is found the
 * position's own stands; it counts trades where these are published, else aggregated trades.
 */
export class Endings {
  readonly #options: EndingsOptions;
  readonly #series = new Map<string, Series>();

  constructor(positions: readonly Position[], options: EndingsOptions) {
    this.#options = options;
    for (const { tradeId, timestamp, ...of } of positions) {
      const series = this.#begin(of);
      const own = tradeId === null ? null : { id: tradeId, timestamp };
      if (options.trades) series.trade = own;
      else if (options.aggTrades) series.aggTrade = own;
    }
  }

  /** The keys of the series that may go on, by `latestEpochs`. */
  going(): ReadonlySet<string> {
    const going = latestEpochs([...this.#series.values()]);
    return new Set(going.map(seriesKey));
  }

  /** Takes the next record in the order of publishing; what is no trade says nothing. */
  add(record: FeedRecord): void {
    if (record.kind !== 'trade' && record.kind !== 'agg_trade') return;
    const series = this.#seriesOf(record);
    if (series === undefined) return;
    const last = { id: record.lastTradeId ?? record.tradeId, timestamp: record.timestamp };
    if (record.kind === 'trade') series.trade = last;
    else series.aggTrade = last;
    series.found.add(record.kind);
  }

  /** What was not found of a kind is not known, as something unreadable lies where it may be. */
  forget(kind: 'trade' | 'agg_trade'): void {
    for (const series of this.#series.values()) {
      if (series.found.has(kind)) continue;
      if (kind === 'trade') series.trade = undefined;
      else series.aggTrade = undefined;
    }
  }

  all(): readonly Ending[] {
    return [...this.#series.values()].map(({ found: _found, ...ending }) => ending);
  }

  /** Undefined where the record is of an epoch that is over. */
  #seriesOf(record: TradeEvent | AggTrade): Series | undefined {
    const known = this.#series.get(seriesKey(record));
    // Of another mode, which has epochs where this one has none.
    if (known !== undefined && (known.epoch === 0) !== (record.epoch === 0)) return undefined;
    if (known !== undefined && known.epoch >= record.epoch) return known.epoch === record.epoch ? known : undefined;
    return this.#begin(record);
  }

  #begin({ venue, symbol, environment, epoch }: Pick<Series, 'venue' | 'symbol' | 'environment' | 'epoch'>): Series {
    const trade = this.#options.trades ? null : undefined;
    const series: Series = { venue, symbol, environment, epoch, trade, aggTrade: undefined, found: new Set() };
    this.#series.set(seriesKey(series), series);
    return series;
  }
}

export function seriesKey({ venue, symbol }: { readonly venue: string; readonly symbol: string }): string {
  return `${venue}:${symbol}`;
}

/** Those of each symbol's latest epoch, and all of epoch 0 (mode all), which no other venue's epoch ends. */
export function latestEpochs<T extends { readonly symbol: string; readonly epoch: number }>(all: readonly T[]): T[] {
  const latest = new Map<string, number>();
  for (const { symbol, epoch } of all) latest.set(symbol, Math.max(latest.get(symbol) ?? 0, epoch));
  return all.filter(({ symbol, epoch }) => epoch === 0 || epoch === latest.get(symbol));
}
