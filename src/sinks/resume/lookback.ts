import { symbolKey } from '../../codec/environment-topics.ts';
import { topicOf } from '../../codec/topics.ts';
import type { FeedRecord, Gap, TradeStats } from '../../domain/record.ts';
import { type AnyTrade, compareIds, isTrade, lastIdOf } from '../../domain/trade-id.ts';
import type { Recent, RecentOptions, SeriesCheckpoint } from '../contract.ts';
import { seriesKey } from './checkpoints.ts';

/** What the near past is made of. */
export type Dated = AnyTrade | TradeStats | Gap;

/** What is sought of the near past of one topic. */
export interface Sought {
  /** Topic without the configured prefix. */
  readonly topic: string;
  readonly kind: Dated['kind'];
  readonly series: readonly SoughtSeries[];
  /** As many records of each series, whatever their age. */
  readonly count: number;
  /** Records lie in a topic at most so many milliseconds from where their time would put them. */
  readonly slackMs: number;
}

export interface SoughtSeries {
  readonly venue: string;
  readonly symbol: string;
  /** Message key of its records. */
  readonly key: string;
  /** All later than this are sought, milliseconds by the venue's clock; infinite: none. */
  readonly since: number;
  /** The last trade that counts: what is published meanwhile lies behind it. */
  readonly upTo?: string;
}

/** How many records are read of a partition at most. */
export interface LookbackBounds {
  /** While it is not certain that the span is covered. */
  readonly span: number;
  /** While only the count of a series is not reached. */
  readonly count: number;
}

/** What holds trades back: a repair for 10 s, a standby's ring; and clocks that differ. */
const SLACK_MS = 30_000;

/** The timestamp of each venue's last trade, milliseconds. */
export function lastTimes(checkpoints: readonly SeriesCheckpoint[]): ReadonlyMap<string, number> {
  const lastOf = new Map<string, number>();
  for (const { venue, last } of checkpoints) {
    if (last) lastOf.set(venue, Math.max(last.timestamp, lastOf.get(venue) ?? Number.NEGATIVE_INFINITY));
  }
  return lastOf;
}

/** What the options seek, topic by topic. */
export function soughtOf(options: RecentOptions): readonly Sought[] {
  const { environmentPrefixes, kind, keyOf = symbolKey, checkpoints, trades, spanMs, windowsSpanMs = spanMs } = options;
  const lastOf = lastTimes(checkpoints);
  const seriesSince = (span: number): SoughtSeries[] =>
    checkpoints.map(({ venue, symbol }) => {
      const key = keyOf({ venue, symbol });
      return { venue, symbol, key, since: (lastOf.get(venue) ?? Number.POSITIVE_INFINITY) - span };
    });
  const ofTrades = {
    kind,
    // A series that ends without a trade has none: what is found of it is published meanwhile.
    series: seriesSince(spanMs).flatMap((series, index) => {
      const upTo = checkpoints[index]?.last?.id;
      return upTo === undefined ? [] : [{ ...series, upTo }];
    }),
    count: trades,
    slackMs: SLACK_MS,
  };
  // A window may be published long before its end (at a switch), or long after its last trade.
  const ofWindows = {
    kind: 'trade_stats',
    series: seriesSince(windowsSpanMs),
    count: 0,
    slackMs: SLACK_MS + spanMs,
  } as const;
  // All gaps lie in the topic of the configured environment, and one is written when its repair is over.
  const ofGaps = {
    kind: 'gap',
    series: seriesSince(spanMs).map((series) => ({ ...series, key: seriesKey(series) })),
    count: 0,
    slackMs: SLACK_MS,
  } as const;
  const named = (prefix: string, sought: Omit<Sought, 'topic'>): Sought => ({
    ...sought,
    topic: prefix + topicOf(sought.kind).name,
  });
  return [
    ...environmentPrefixes.flatMap((prefix) => [named(prefix, ofTrades), named(prefix, ofWindows)]),
    named(environmentPrefixes[0] ?? '', ofGaps),
  ];
}

interface Series extends SoughtSeries {
  found: number;
  /** Time of the oldest record found. */
  oldest: number;
}

/** Picks what is sought out of one partition, read from its end back, and tells when that is all. */
export class Lookback {
  readonly #sought: Sought;
  readonly #bounds: LookbackBounds;
  readonly #series: ReadonlyMap<string, Series>;
  readonly #byKey: ReadonlyMap<string, readonly Series[]>;
  /** The last one first. */
  readonly #kept: Dated[] = [];
  #read = 0;
  #oldest = Number.POSITIVE_INFINITY;
  #isAtStart = false;

  constructor(sought: Sought, bounds: LookbackBounds) {
    this.#sought = sought;
    this.#bounds = bounds;
    const all = sought.series.map((of): Series => ({ ...of, found: 0, oldest: Number.POSITIVE_INFINITY }));
    this.#series = new Map(all.map((series) => [seriesKey(series), series]));
    this.#byKey = Map.groupBy(all, ({ key }) => key);
  }

  /** Records of this key are still sought. */
  seeks(key: string): boolean {
    return this.#byKey.get(key)?.some((series) => !this.#hasCount(series) || !this.#isCovered(series)) === true;
  }

  /** The next record back. */
  add(record: FeedRecord): void {
    this.#read++;
    if (record.kind !== this.#sought.kind) return;
    const dated = record as Dated;
    const time = timeOf(dated);
    // What was fetched later, or came late, is no older than its arrival: it lies among what came then.
    const arrival = dated.kind === 'gap' ? time : dated.receivedAt / 1000;
    this.#oldest = Math.min(this.#oldest, Math.max(time, arrival));
    const series = this.#series.get(seriesKey(dated));
    if (series === undefined || isBehind(dated, series.upTo)) return;
    if (!this.#hasCount(series) || time > series.since) this.#kept.push(dated);
    series.found++;
    series.oldest = Math.min(series.oldest, time);
  }

  /** The next one back is not sought, or none of ours. */
  pass(): void {
    this.#read++;
  }

  /** There is nothing before. */
  end(): void {
    this.#isAtStart = true;
  }

  /** Nothing more has to be read. */
  get isEnough(): boolean {
    const all = [...this.#series.values()];
    if (!this.isWhole) return this.#read >= this.#bounds.span;
    return all.every((series) => this.#hasCount(series)) || this.#isAtStart || this.#read >= this.#bounds.count;
  }

  /** All of the span was read. */
  get isWhole(): boolean {
    return this.#isAtStart || [...this.#series.values()].every((series) => this.#isCovered(series));
  }

  /** What was found, in the order of publishing. */
  found(): readonly Dated[] {
    return this.#kept.toReversed();
  }

  #hasCount({ found }: Series): boolean {
    return found >= this.#sought.count;
  }

  #isCovered({ since, oldest }: Series): boolean {
    return Math.min(oldest, this.#oldest) <= since - this.#sought.slackMs;
  }
}

function isBehind(dated: Dated, last: string | undefined): boolean {
  return last !== undefined && isTrade(dated) && compareIds(lastIdOf(dated), last) > 0;
}

/** Milliseconds by the venue's clock. */
function timeOf(dated: Dated): number {
  if (dated.kind === 'gap') return dated.toTime;
  return dated.kind === 'trade_stats' ? dated.windowEnd : dated.timestamp;
}

const UNBOUNDED: LookbackBounds = { span: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY };

/** What is sought of records that lie in memory, in the order of publishing. */
export function pick(sought: Sought, records: readonly Dated[]): readonly Dated[] {
  const lookback = new Lookback(sought, UNBOUNDED);
  for (const record of records.toReversed()) lookback.add(record);
  return lookback.found();
}

/** What was found in all partitions, put together. */
export function recentOf(lookbacks: readonly Lookback[]): Recent {
  return {
    ...byKind(lookbacks.flatMap((lookback) => lookback.found())),
    whole: lookbacks.every(({ isWhole }) => isWhole),
  };
}

export function byKind(records: readonly Dated[]): Omit<Recent, 'whole'> {
  return {
    trades: records.filter(isTrade),
    windows: records.filter((record) => record.kind === 'trade_stats'),
    gaps: records.filter((record) => record.kind === 'gap'),
  };
}
