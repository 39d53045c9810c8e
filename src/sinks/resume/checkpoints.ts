import { type MarketKeyOf, symbolKey, type VenueSymbolName } from '../../codec/environment-topics.ts';
import type { FeedRecord, Position } from '../../domain/record.ts';
import { type AnyTrade, isTrade, lastIdOf, type TradeKind } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { SeriesCheckpoint } from '../contract.ts';

/** The last epoch of one venue and symbol in a sink, with the last trade of each kind of trades. */
export interface LastEpoch extends Omit<SeriesCheckpoint, 'kind' | 'last'> {
  readonly last: ReadonlyMap<TradeKind, SeriesCheckpoint['last']>;
}

interface FoundEpoch extends LastEpoch {
  readonly last: Map<TradeKind, SeriesCheckpoint['last']>;
  /** The kinds of which a trade was found. Their last trade no longer comes from the position. */
  readonly found: Set<TradeKind>;
}

/**
 * Derives checkpoints from the last positions and the trades near a sink's end. A checkpoint is the trade published
 * last in the latest epoch, not the one with the highest id, because a testnet's ids start again. If no trade is found,
 * the position's trade counts.
 */
export class Checkpoints {
  readonly #kinds: readonly TradeKind[];
  readonly #keyOf: MarketKeyOf | undefined;
  readonly #epochs = new Map<string, FoundEpoch>();

  /** @param kinds the published kinds of trades; a position names a trade of the first kind. */
  constructor(positions: readonly Position[], kinds: readonly TradeKind[], keyOf?: MarketKeyOf) {
    this.#kinds = kinds;
    this.#keyOf = keyOf;
    for (const { tradeId, timestamp, ...of } of positions) {
      this.#begin(of, tradeId === null ? null : { id: tradeId, timestamp });
    }
  }

  /** The keys (`seriesKey`) of the series that may resume: only those in the latest epoch of their message key. */
  resumable(): ReadonlySet<string> {
    return new Set(latestEpochs([...this.#epochs.values()], this.#keyOf).map(seriesKey));
  }

  /** Adds the next record in the order of publishing; only trades count. */
  add(record: FeedRecord): void {
    if (!isTrade(record)) return;
    const epoch = this.#epochOf(record);
    epoch?.last.set(record.kind, checkpointAt(record));
    epoch?.found.add(record.kind);
  }

  /**
   * Makes a kind's checkpoint unknown in each epoch in which no trade of that kind was found, because an unreadable part may
   * hold that trade.
   */
  forget(kind: TradeKind): void {
    for (const { found, last } of this.#epochs.values()) if (!found.has(kind)) last.delete(kind);
  }

  all(): readonly SeriesCheckpoint[] {
    return seriesCheckpoints(this.#epochs.values(), this.#kinds);
  }

  /** Returns the record's epoch, and begins it if it is new; undefined if a later epoch is known. */
  #epochOf(record: AnyTrade): FoundEpoch | undefined {
    const known = this.#epochs.get(seriesKey(record));
    if (known === undefined || known.epoch < record.epoch) return this.#begin(record, null);
    return known.epoch === record.epoch ? known : undefined;
  }

  #begin(of: Omit<LastEpoch, 'last'>, counted: Checkpoint | null): FoundEpoch {
    const { venue, symbol, environment, epoch } = of;
    const [kind] = this.#kinds;
    const last = new Map(kind === undefined ? [] : [[kind, counted]]);
    const begun = { venue, symbol, environment, epoch, last, found: new Set<TradeKind>() };
    this.#epochs.set(seriesKey(of), begun);
    return begun;
  }
}

export function checkpointAt(trade: AnyTrade): Checkpoint {
  return { id: lastIdOf(trade), timestamp: trade.timestamp };
}

/** One checkpoint for each epoch and kind. */
export function seriesCheckpoints(epochs: Iterable<LastEpoch>, kinds: readonly TradeKind[]): SeriesCheckpoint[] {
  return [...epochs].flatMap(({ venue, symbol, environment, epoch, last }) =>
    kinds.map((kind) => ({ venue, symbol, environment, epoch, kind, last: last.get(kind) })),
  );
}

/** Groups the checkpoints by venue, symbol and epoch. */
export function lastEpochs(checkpoints: readonly SeriesCheckpoint[]): LastEpoch[] {
  const byEpoch = Map.groupBy(checkpoints, (of) => `${seriesKey(of)} ${of.epoch}`);
  return [...byEpoch.values()].flatMap((own) =>
    own.slice(0, 1).map((of) => ({ ...of, last: new Map(own.map(({ kind, last }) => [kind, last])) })),
  );
}

export function seriesKey({ venue, symbol }: VenueSymbolName): string {
  return `${venue}:${symbol}`;
}

/** Returns the items in the latest epoch of their message key. */
export function latestEpochs<T extends VenueSymbolName & { readonly epoch: number }>(
  all: readonly T[],
  keyOf: MarketKeyOf = symbolKey,
): T[] {
  const latest = new Map<string, number>();
  for (const of of all) latest.set(keyOf(of), Math.max(latest.get(keyOf(of)) ?? 0, of.epoch));
  return all.filter((of) => of.epoch === latest.get(keyOf(of)));
}
