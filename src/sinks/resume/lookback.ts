import { symbolKey } from '../../codec/environment-topics.ts';
import { topicOf } from '../../codec/topics.ts';
import type { Audit, FeedRecord, Gap, TradeStats } from '../../domain/record.ts';
import { type AnyTrade, compareIds, isTrade, lastIdOf } from '../../domain/trade-id.ts';
import type { Recent, RecentOptions, SeriesCheckpoint } from '../contract.ts';
import { seriesKey } from './checkpoints.ts';

/** A record that the feed reads back from a sink when it starts. */
export type Dated = AnyTrade | TradeStats | Gap | Audit;

/** Selects the recent records of one topic. */
export interface Sought {
  /** Topic without the configured prefix. */
  readonly topic: string;
  readonly kind: Dated['kind'];
  readonly series: readonly SoughtSeries[];
  /** Number of the newest records of each series that are wanted whatever their age. */
  readonly count: number;
  /** Maximum difference between a record's own time and the time of the records around it, milliseconds. */
  readonly slackMs: number;
}

export interface SoughtSeries {
  readonly venue: string;
  readonly symbol: string;
  /** Message key of its records. */
  readonly key: string;
  /** Records after this time are wanted, milliseconds by the venue's clock. `Infinity`: none are. */
  readonly since: number;
  /** Id of the series' last trade when the process started. Trades with higher ids are newer and do not count. */
  readonly upTo?: string;
}

/** Maximum numbers of records to read from a partition. */
export interface LookbackBounds {
  /** The limit while records of the wanted time span may be missing. */
  readonly span: number;
  /** The limit once the span is complete, while a series has too few trades. */
  readonly count: number;
}

/**
 * Trades may be published late: a repair takes up to 10 s, standby venues' trades wait for a switch, and clocks differ.
 */
const SLACK_MS = 30_000;
/** The last audit of a minute comes up to 150 s after its end. */
const AUDIT_SLACK_MS = 180_000;
const MINUTE_MS = 60_000;

/** The timestamp of each venue's last trade, milliseconds. */
export function lastTimes(checkpoints: readonly SeriesCheckpoint[]): ReadonlyMap<string, number> {
  const lastOf = new Map<string, number>();
  for (const { venue, last } of checkpoints) {
    if (last) lastOf.set(venue, Math.max(last.timestamp, lastOf.get(venue) ?? Number.NEGATIVE_INFINITY));
  }
  return lastOf;
}

/** Returns which records to read back, topic by topic. */
export function soughtOf(options: RecentOptions): readonly Sought[] {
  const { environmentPrefixes, kind, keyOf = symbolKey, checkpoints, trades, spanMs, windowsSpanMs = spanMs } = options;
  const lastOf = lastTimes(checkpoints);
  const seriesSince = (span: number): SoughtSeries[] =>
    checkpoints.map(({ venue, symbol }) => {
      const key = keyOf({ venue, symbol });
      return { venue, symbol, key, since: (lastOf.get(venue) ?? Number.POSITIVE_INFINITY) - span };
    });
  // Without a last trade, a series had no trades at the start or cannot resume, so none of its trades are wanted.
  const tradeSeries = seriesSince(spanMs).flatMap((series, index) => {
    const upTo = checkpoints[index]?.last?.id;
    return upTo === undefined ? [] : [{ ...series, upTo }];
  });
  const gapSeries = seriesSince(spanMs).map((series) => ({ ...series, key: seriesKey(series) }));
  const ofTrades = { kind, series: tradeSeries, count: trades, slackMs: SLACK_MS };
  // A statistics window may be published long before its end, at a switch of venue, or long after its last trade.
  const windowSlackMs = SLACK_MS + spanMs;
  const ofWindows = {
    kind: 'trade_stats',
    series: seriesSince(windowsSpanMs),
    count: 0,
    slackMs: windowSlackMs,
  } as const;
  const ofAudits = { kind: 'audit', series: seriesSince(spanMs), count: 0, slackMs: AUDIT_SLACK_MS } as const;
  const ofGaps = { kind: 'gap', series: gapSeries, count: 0, slackMs: SLACK_MS } as const;
  const inTopic = (prefix: string, sought: Omit<Sought, 'topic'>): Sought => {
    return { ...sought, topic: prefix + topicOf(sought.kind).name };
  };
  return [
    ...environmentPrefixes.flatMap((prefix) => [ofTrades, ofWindows, ofAudits].map((each) => inTopic(prefix, each))),
    // All gaps lie in the topic of the configured environment.
    inTopic(environmentPrefixes[0] ?? '', ofGaps),
  ];
}

interface Series extends SoughtSeries {
  found: number;
  /** Time of the oldest record found, milliseconds by the venue's clock. */
  oldest: number;
}

/** Picks the wanted records from one partition that is read backwards. */
export class Lookback {
  readonly #sought: Sought;
  readonly #bounds: LookbackBounds;
  readonly #series: ReadonlyMap<string, Series>;
  readonly #byKey: ReadonlyMap<string, readonly Series[]>;
  /** The wanted records, newest first. */
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

  /** True if records of this key are still wanted. */
  seeks(key: string): boolean {
    return this.#byKey.get(key)?.some((series) => !this.#hasCount(series) || !this.#isCovered(series)) === true;
  }

  /** Adds the next record of the partition, which is read backwards. */
  add(record: FeedRecord): void {
    this.#read++;
    if (record.kind !== this.#sought.kind) return;
    const dated = record as Dated;
    const time = timeOf(dated);
    // A late or fetched record lies in the topic by its time of arrival, not by its own time.
    const arrival = dated.kind === 'gap' ? time : dated.receivedAt / 1000;
    const isRevised = isRevision(dated);
    if (!isRevised) this.#oldest = Math.min(this.#oldest, Math.max(time, arrival));
    const series = this.#series.get(seriesKey(dated));
    if (series === undefined || isBehind(dated, series.upTo)) return;
    if (!this.#hasCount(series) || time > series.since) this.#kept.push(dated);
    if (isRevised) return;
    series.found++;
    series.oldest = Math.min(series.oldest, time);
  }

  /** Counts a record that is not wanted. */
  pass(): void {
    this.#read++;
  }

  /** Notes that the start of the partition was reached. */
  end(): void {
    this.#isAtStart = true;
  }

  /** True if no more records have to be read. */
  get isEnough(): boolean {
    const all = [...this.#series.values()];
    if (!this.isWhole) return this.#read >= this.#bounds.span;
    return all.every((series) => this.#hasCount(series)) || this.#isAtStart || this.#read >= this.#bounds.count;
  }

  /** True if the whole span was read. */
  get isWhole(): boolean {
    return this.#isAtStart || [...this.#series.values()].every((series) => this.#isCovered(series));
  }

  /** The wanted records, in the order of publishing. */
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

/** Returns true for a record of healing. It may be published long after its time, so it does not say how far was read. */
function isRevision(dated: Dated): boolean {
  return dated.kind === 'gap' ? dated.outcome === 'healed' : 'revision' in dated && dated.revision > 0;
}

function isBehind(dated: Dated, last: string | undefined): boolean {
  return last !== undefined && isTrade(dated) && compareIds(lastIdOf(dated), last) > 0;
}

/** The time of a record by the venue's clock, milliseconds. */
function timeOf(dated: Dated): number {
  if (dated.kind === 'gap') return dated.toTime;
  if (dated.kind === 'audit') return dated.minute + MINUTE_MS;
  return dated.kind === 'trade_stats' ? dated.windowEnd : dated.timestamp;
}

const UNBOUNDED: LookbackBounds = { span: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY };

/** Picks the wanted records from records in memory, in the order of publishing. */
export function pick(sought: Sought, records: readonly Dated[]): readonly Dated[] {
  const lookback = new Lookback(sought, UNBOUNDED);
  for (const record of records.toReversed()) lookback.add(record);
  return lookback.found();
}

/** Joins the records that were found in all partitions. */
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
    audits: records.filter((record) => record.kind === 'audit'),
  };
}
