import { getOrCreate } from '../domain/get-or-create.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { Audit, FeedRecord, Gap, TradeEvent, TradeStats } from '../domain/record.ts';
import { MinuteSums } from '../market/audits/minute-sums.ts';
import { verdictOf } from '../market/audits/verdict.ts';
import { isBlockTrade } from '../market/trades/block-trade.ts';
import { mergeLate } from '../market/trades/merge-late.ts';
import { TradeSums } from '../market/trades/trade-sums.ts';
import { type CoveredTime, CoveredTimes } from './covered-time.ts';
import type { HealingStore } from './healing-store.ts';
import { CLOCKS_DIFFER_MS } from './late-trades.ts';

const MINUTE_MS = 60_000;
/** How long before the first interval reading begins, milliseconds. An earlier trade shows that the interval is whole. */
const EARLIER_MS = CLOCKS_DIFFER_MS;
/** The same, if the shorter time has no trade. */
const LONG_BEFORE_MS = 900_000;

/** The gaps of one market whose trades were fetched. */
export interface FetchedGaps {
  readonly venue: VenueId;
  readonly symbol: string;
  /** The fetched gaps. */
  readonly gaps: readonly Gap[];
  /** The gaps of the same epochs whose trades are still missing. */
  readonly stillMissing: readonly Gap[];
  /** True if trade ids step by one. */
  readonly isContiguous: boolean;
  readonly windowsMs: readonly number[];
  /** When the feed has published their windows and audits, by the venue's time, milliseconds since 1970. */
  readonly publishedAt: number;
}

/**
 * Computes the windows and audits of the time of fetched gaps again, from `trades` and `late-trades`. Returns the records
 * that differ from the published ones: complete windows, and audits. Repeating it is harmless.
 *
 * Returns undefined as long as no later trade shows that the sink has everything until `publishedAt`: it may get records
 * late, or the feed may have ended before.
 */
export async function revise(store: HealingStore, fetched: FetchedGaps): Promise<readonly FeedRecord[] | undefined> {
  const from = Math.min(...fetched.gaps.map(({ fromTime }) => fromTime));
  const first = startOf(from, longestOf(fetched.windowsMs));
  const { records, hasEarlier } = await reviseSince(store, fetched, { first, since: first - EARLIER_MS });
  if (hasEarlier || records === undefined) return records;
  // Without an earlier trade, the first interval would not be whole.
  return (await reviseSince(store, fetched, { first, since: first - LONG_BEFORE_MS })).records;
}

/** The same from one time on. `hasEarlier`: a trade before the first interval was read. */
async function reviseSince(
  store: HealingStore,
  fetched: FetchedGaps,
  { first, since }: { readonly first: number; readonly since: number },
): Promise<{ readonly records: readonly FeedRecord[] | undefined; readonly hasEarlier: boolean }> {
  const { venue, symbol, publishedAt: end } = fetched;
  let isComplete = false;
  const trades = tradesOf(store.recordsOf('trades', venue, symbol, since), fetched, () => {
    isComplete = true;
  });
  const late = () => lateTradesOf(store.recordsOf('late-trades', venue, symbol, since), fetched, { since, end });
  const known = await publishedSince(store, fetched, since);
  const epochs = new Map<number, EpochRevision>();
  const records: FeedRecord[] = [];
  let hasEarlier: boolean | undefined;
  for await (const { trade } of mergeLate(trades, late)) {
    hasEarlier ??= trade.timestamp < first;
    const epoch = getOrCreate(epochs, trade.epoch, () => new EpochRevision(fetched, trade.epoch, known));
    records.push(...epoch.next(trade));
  }
  if (isComplete) for (const epoch of epochs.values()) records.push(...epoch.end());
  return { records: isComplete ? records : undefined, hasEarlier: hasEarlier ?? false };
}

/** Returns the end of the longest window or minute that contains a time, milliseconds since 1970. */
export function endOfLongest(time: number, windowsMs: readonly number[]): number {
  const longest = longestOf(windowsMs);
  return startOf(time, longest) + longest;
}

const longestOf = (windowsMs: readonly number[]): number => Math.max(MINUTE_MS, ...windowsMs);

/** The latest published windows and audits, by the names that `nameOfWindow` and `nameOfAudit` give them. */
type Published = ReadonlyMap<string, TradeStats | Audit>;

const nameOfWindow = ({ epoch, windowMs, windowStart }: Pick<TradeStats, 'epoch' | 'windowMs' | 'windowStart'>) =>
  `window ${epoch} ${windowMs} ${windowStart}`;
const nameOfAudit = ({ epoch, minute }: Pick<Audit, 'epoch' | 'minute'>) => `audit ${epoch} ${minute}`;

async function publishedSince(store: HealingStore, fetched: FetchedGaps, since: number): Promise<Published> {
  const { venue, symbol, gaps } = fetched;
  const latest = new Map<string, TradeStats | Audit>();
  for (const topic of ['trade-stats', 'audits'] as const) {
    for await (const record of store.recordsOf(topic, venue, symbol, since)) {
      if (record.kind !== 'trade_stats' && record.kind !== 'audit') continue;
      if (record.venue !== venue || record.symbol !== symbol) continue;
      const isAudit = record.kind === 'audit';
      const start = isAudit ? record.minute : record.windowStart;
      const lengthMs = isAudit ? MINUTE_MS : record.windowMs;
      if (!gaps.some((gap) => gap.epoch === record.epoch && touches(gap, start, lengthMs))) continue;
      const name = isAudit ? nameOfAudit(record) : nameOfWindow(record);
      if ((latest.get(name)?.revision ?? -1) <= record.revision) latest.set(name, record);
    }
  }
  return latest;
}

/** Yields the trades of the fetched gaps' epochs. Ends at the first trade after `publishedAt` or of a later epoch. */
async function* tradesOf(
  records: AsyncIterable<FeedRecord>,
  { venue, symbol, gaps, publishedAt }: FetchedGaps,
  onComplete: () => void,
): AsyncGenerator<TradeEvent> {
  const epochs = new Set(gaps.map(({ epoch }) => epoch));
  const last = Math.max(...epochs);
  for await (const record of records) {
    if (record.kind !== 'trade' || record.symbol !== symbol) continue;
    if (record.epoch > last) {
      onComplete();
      return;
    }
    if (record.venue !== venue || !epochs.has(record.epoch)) continue;
    const isLast = record.epoch === last && record.timestamp >= publishedAt;
    if (isLast) onComplete();
    yield record;
    if (isLast) return;
  }
}

/** Yields the late trades of the fetched gaps' epochs in a range of time. Their gaps may come in any order. */
async function* lateTradesOf(
  records: AsyncIterable<FeedRecord>,
  { venue, symbol, gaps }: FetchedGaps,
  { since, end }: { readonly since: number; readonly end: number },
): AsyncGenerator<TradeEvent> {
  const epochs = new Set(gaps.map(({ epoch }) => epoch));
  for await (const record of records) {
    if (record.kind !== 'trade' || record.venue !== venue || record.symbol !== symbol) continue;
    if (epochs.has(record.epoch) && record.timestamp >= since && record.timestamp < end) yield record;
  }
}

/** The windows and minutes of one epoch. */
class EpochRevision {
  readonly #published: Published;
  readonly #stillMissing: readonly Gap[];
  readonly #isContiguous: boolean;
  readonly #windows: readonly CoveredTimes<TradeSums>[];
  readonly #minutes: CoveredTimes<MinuteSums>;

  constructor({ gaps, stillMissing, isContiguous, windowsMs }: FetchedGaps, epoch: number, published: Published) {
    const own = gaps.filter((gap) => gap.epoch === epoch);
    this.#published = published;
    this.#stillMissing = stillMissing.filter((gap) => gap.epoch === epoch);
    this.#isContiguous = isContiguous;
    const wants = (lengthMs: number) => (start: number) => own.some((gap) => touches(gap, start, lengthMs));
    this.#windows = windowsMs.map(
      (lengthMs) =>
        new CoveredTimes({
          lengthMs,
          isContiguous,
          isWanted: wants(lengthMs),
          create: () => new TradeSums(),
          add: (sums, trade) => {
            if (!isBlockTrade(trade)) sums.add(trade);
          },
        }),
    );
    this.#minutes = new CoveredTimes({
      lengthMs: MINUTE_MS,
      isContiguous,
      isWanted: wants(MINUTE_MS),
      create: () => new MinuteSums(),
      add: (sums, trade) => sums.add(trade),
    });
  }

  next(trade: TradeEvent): readonly FeedRecord[] {
    return this.#records(
      this.#windows.flatMap((windows) => windows.next(trade)),
      this.#minutes.next(trade),
    );
  }

  /** Returns the records of the intervals in which the epoch ended: they are not complete. */
  end(): readonly FeedRecord[] {
    return this.#records(
      this.#windows.flatMap((windows) => windows.end()),
      this.#minutes.end(),
      true,
    );
  }

  #records(
    windows: readonly CoveredTime<TradeSums>[],
    minutes: readonly CoveredTime<MinuteSums>[],
    isOver = false,
  ): readonly FeedRecord[] {
    return [
      ...windows.map((window) => this.#window(window, isOver)),
      ...minutes.map((minute) => this.#audit(minute, isOver)),
    ].filter((record) => record !== undefined);
  }

  #window({ start, end, sums, last, isWhole }: CoveredTime<TradeSums>, isOver: boolean): TradeStats | undefined {
    const figures = sums.figures();
    if (figures === undefined || isOver || !isWhole || this.#gapIn(start, end - start) !== undefined) return undefined;
    const window = { epoch: last.epoch, windowMs: end - start, windowStart: start };
    const known = this.#published.get(nameOfWindow(window));
    const published = known?.kind === 'trade_stats' ? known : undefined;
    // A trade that arrived after a window's end may have made a gap in a window that was complete until then.
    if (published?.complete && published.trades === figures.trades && published.volume === figures.volume)
      return undefined;
    return {
      kind: 'trade_stats',
      ...marketOf(last),
      ...window,
      windowEnd: end,
      ...figures,
      volatility: published?.volatility ?? null,
      complete: true,
      revision: (published?.revision ?? -1) + 1,
    };
  }

  #audit({ start, sums, last, isWhole }: CoveredTime<MinuteSums>, isOver: boolean): Audit | undefined {
    const figures = sums.figures();
    const minute = { epoch: last.epoch, minute: start };
    const known = this.#published.get(nameOfAudit(minute));
    const published = known?.kind === 'audit' ? known : undefined;
    const { candleVolume = null, candleTrades = null } = published ?? {};
    const verdict = verdictOf({
      contiguousIds: this.#isContiguous,
      doubt: this.#gapIn(start, MINUTE_MS) !== undefined ? 'gap' : isOver ? 'end' : isWhole ? undefined : 'start',
      jump: undefined,
      expected: sums.expectedCandle(),
      candle: candleVolume === null ? undefined : { volume: candleVolume, tradeCount: candleTrades },
    });
    if (published?.hash === figures.hash && published.verdict === verdict.verdict) return undefined;
    return {
      kind: 'audit',
      ...marketOf(last),
      ...minute,
      revision: (published?.revision ?? -1) + 1,
      ...figures,
      candleVolume,
      candleTrades,
      ...verdict,
    };
  }

  #gapIn(start: number, lengthMs: number): Gap | undefined {
    return this.#stillMissing.find((gap) => touches(gap, start, lengthMs));
  }
}

function marketOf({ venue, symbol, venueSymbol, coin, environment, epoch, receivedAt }: TradeEvent) {
  return { venue, symbol, venueSymbol, coin, environment, epoch, receivedAt };
}

const startOf = (time: number, lengthMs: number): number => Math.floor(time / lengthMs) * lengthMs;

/** Returns true if trades of the gap may belong to an interval. */
function touches({ fromTime, toTime }: Gap, start: number, lengthMs: number): boolean {
  return fromTime < start + lengthMs && toTime >= start;
}
