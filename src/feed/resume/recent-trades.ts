import { marketKeyOf } from '../../codec/environment-topics.ts';
import { identityOf } from '../../codec/identity.ts';
import { type Config, environmentPrefixes } from '../../config/config.ts';
import { asFault, type Fault } from '../../domain/fault.ts';
import type { Audit, TradeStats } from '../../domain/record.ts';
import type { Recent, RecentOptions, SeriesCheckpoint } from '../../sinks/contract.ts';
import { seriesKey } from '../../sinks/resume/checkpoints.ts';
import { lastTimes } from '../../sinks/resume/lookback.ts';
import type { PreviousAudit, PreviousTrades } from '../analytics/stats-epoch.ts';
import type { PreviousEpoch } from './previous-runs.ts';

// Reads what previous runs published lately, to continue the statistics of resumed epochs.

/** The longest time that a gap repair keeps windows open, milliseconds. */
const HELD_MS = 10_000;
/** The time of the thirty closed candles and the open one that the volatility needs, milliseconds. */
const CANDLES_MS = 31 * 60_000;
/** The length of the minutes that are audited, milliseconds. */
const MINUTE_MS = 60_000;

/** Returns what to read from a sink for the statistics of these series; undefined if nothing is needed. */
export function recentOptions(
  config: Pick<Config, 'feed' | 'stats'> & Parameters<typeof environmentPrefixes>[0],
  checkpoints: readonly SeriesCheckpoint[],
): RecentOptions | undefined {
  const { feed, stats } = config;
  const kind = feed.channels.includes('trade') ? 'trade' : 'agg_trade';
  if (checkpoints.length === 0 || !feed.channels.includes(kind)) return undefined;
  const spanMs = Math.max(...stats.windowsMs, MINUTE_MS) + stats.allowedLatenessMs + feed.staleAfterMs + HELD_MS;
  return {
    environmentPrefixes: environmentPrefixes(config),
    kind,
    keyOf: marketKeyOf(feed.mode),
    checkpoints,
    trades: stats.historyTrades,
    spanMs,
    windowsSpanMs: Math.max(spanMs, CANDLES_MS),
  };
}

export interface PreviousSink {
  readonly name: string;
  /** The checkpoints of the kind of trade that position records name. */
  readonly checkpoints: readonly SeriesCheckpoint[];
  recent(options: RecentOptions): Promise<Recent>;
}

type RecentSpans = Pick<RecentOptions, 'checkpoints' | 'spanMs' | 'windowsSpanMs'>;
type Found = Omit<PreviousTrades, 'windows' | 'audits'> & Pick<Recent, 'windows'>;

/** What the sinks recently received. */
export interface NearPast {
  /** One entry for each resumed series. */
  readonly previous: readonly PreviousTrades[];
  readonly published: ReadonlyMap<string, PublishedWindows>;
}

/**
 * Reads what was published lately in the resumed series, each from the sink that is furthest behind. If a sink cannot
 * return its records, the open windows of series that resume from it become incomplete. The sink may also get windows a
 * second time.
 */
export async function readNearPast(
  config: Parameters<typeof recentOptions>[0],
  sinks: readonly PreviousSink[],
  previous: readonly PreviousEpoch[],
  onFailed: (fault: Fault, sink: string) => void,
): Promise<NearPast> {
  const lookBack = async ({ name, checkpoints, recent }: PreviousSink) => {
    const known = previous.flatMap((epoch) => {
      const checkpoint = checkpointIn(epoch, checkpoints);
      return checkpoint === undefined ? [] : [{ epoch, checkpoint }];
    });
    const ends = known.map(({ checkpoint }) => checkpoint);
    const options = recentOptions(config, ends);
    if (options === undefined) return [];
    try {
      const found = await recent(options);
      const least = known.filter(({ epoch, checkpoint }) => resumesFrom(epoch, checkpoint)).map(({ epoch }) => epoch);
      const published = new PublishedWindows(found.windows, windowsKnownFrom(options));
      return [{ name, published, audits: found.audits, found: previousTrades(least, found, options) }];
    } catch (error) {
      onFailed(asFault(error), name);
      return [];
    }
  };
  const all = (await Promise.all(sinks.map(lookBack))).flat();
  const published = new Map(all.map((one) => [one.name, one.published]));
  const taken = new Map<string, Found>(all.toReversed().flatMap(({ found }) => [...found]));
  const audits = previousAudits(all.map((one) => one.audits));
  const resumed = [...taken.values()].map((one) => ({
    ...one,
    windows: publishedByAll(one, [...published.values()]),
    audits: audits.get(epochKey(one)) ?? [],
  }));
  return { previous: resumed, published };
}

/** Returns the audits of all sinks, by epoch. */
function previousAudits(sinks: readonly (readonly Audit[])[]): ReadonlyMap<string, readonly PreviousAudit[]> {
  const identities = sinks.map((audits) => new Set(audits.map(identityOf)));
  const each = new Map(sinks.flat().map((audit) => [identityOf(audit), audit]));
  const all = [...each].map(([identity, audit]) => {
    return { audit, isInAll: identities.every((ofSink) => ofSink.has(identity)) };
  });
  return Map.groupBy(all, ({ audit }) => epochKey(audit));
}

/** Returns the time from which windows are read, for each venue. */
function windowsKnownFrom({ checkpoints, spanMs, windowsSpanMs = spanMs }: RecentSpans): ReadonlyMap<string, number> {
  return new Map([...lastTimes(checkpoints)].map(([venue, last]) => [venue, last - windowsSpanMs]));
}

/**
 * Leaves out windows that a sink lacks, so that they are published again. Windows that end before the first trade stay,
 * because they cannot be made again.
 */
function publishedByAll({ trades, windows }: Found, published: readonly PublishedWindows[]): Found['windows'] {
  const from = trades[0]?.timestamp ?? Number.POSITIVE_INFINITY;
  return windows.filter((window) => window.windowEnd <= from || published.every((sink) => sink.has(window)));
}

/** Returns a sink's checkpoint of a series that resumes. */
export function checkpointIn(
  { venue, symbol, epoch, resumePoint }: PreviousEpoch,
  checkpoints: readonly SeriesCheckpoint[],
): SeriesCheckpoint | undefined {
  if (resumePoint === undefined) return undefined;
  return checkpoints.find((of) => of.venue === venue && of.symbol === symbol && of.epoch === epoch);
}

export function resumesFrom({ last }: PreviousEpoch, own: SeriesCheckpoint): boolean {
  return own.last?.id === last?.id;
}

/** Returns the recent trades of one sink for the series that resume from it, by VENUE:SYMBOL. */
export function previousTrades(
  epochs: readonly PreviousEpoch[],
  { trades, windows, gaps, whole }: Recent,
  options: RecentSpans,
): Map<string, Found> {
  const tradesOf = Map.groupBy(trades, epochKey);
  const windowsOf = Map.groupBy(windows, epochKey);
  const gapsOf = Map.groupBy(gaps, epochKey);
  const lastOf = lastTimes(options.checkpoints);
  const knownFrom = windowsKnownFrom(options);
  return new Map(
    epochs.map((of) => {
      const { venue, symbol, epoch } = of;
      const key = epochKey(of);
      const own = tradesOf.get(key) ?? [];
      const tradesFrom = whole ? (lastOf.get(venue) ?? 0) - options.spanMs : Number.POSITIVE_INFINITY;
      const previous: Found = {
        venue,
        symbol,
        epoch,
        trades: own,
        publishedTo: knownFrom.get(venue) ?? Number.NEGATIVE_INFINITY,
        windows: windowsOf.get(key) ?? [],
        gaps: [...(gapsOf.get(key) ?? []), ...unsure(of, own, tradesFrom)],
        knownFrom: tradesFrom,
      };
      return [seriesKey(of), previous];
    }),
  );
}

/**
 * Returns a gap over the trades before `knownFrom`. Gaps are known only from then on, so earlier trades may be missing.
 */
function unsure({ epoch }: PreviousEpoch, trades: Recent['trades'], knownFrom: number): PreviousTrades['gaps'] {
  const [first, last] = [trades[0], trades.at(-1)];
  if (first === undefined || last === undefined || first.timestamp >= knownFrom) return [];
  return [{ epoch, outcome: 'unknown', fromTime: first.timestamp, toTime: Math.min(last.timestamp, knownFrom - 1) }];
}

type Window = Pick<TradeStats, 'venue' | 'symbol' | 'epoch' | 'windowMs' | 'windowStart' | 'windowEnd'>;

/** Knows up to where a sink has the windows of each series, epoch and length. A sink gets them in order. */
export class PublishedWindows {
  /** Start of the last window of each series, epoch and length, milliseconds since 1970. */
  readonly #last = new Map<string, number>();
  readonly #knownFrom: ReadonlyMap<string, number>;

  /** @param knownFrom by venue, milliseconds: windows that end before it were published long ago */
  constructor(windows: readonly Window[], knownFrom: ReadonlyMap<string, number>) {
    this.#knownFrom = knownFrom;
    for (const window of windows) {
      const key = windowKey(window);
      this.#last.set(key, Math.max(window.windowStart, this.#last.get(key) ?? Number.NEGATIVE_INFINITY));
    }
  }

  has(window: Window): boolean {
    const last = this.#last.get(windowKey(window)) ?? Number.NEGATIVE_INFINITY;
    return window.windowStart <= last || window.windowEnd <= (this.#knownFrom.get(window.venue) ?? last);
  }
}

function windowKey(window: Window): string {
  return `${epochKey(window)} ${window.windowMs}`;
}

export function epochKey(of: Pick<PreviousEpoch, 'venue' | 'symbol' | 'epoch'>): string {
  return `${seriesKey(of)} ${of.epoch}`;
}
