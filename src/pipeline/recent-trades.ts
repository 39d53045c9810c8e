import { asFault, type Fault } from '../domain/fault.ts';
import type { Ending, Recent } from '../sinks/contract.ts';
import type { DrainRecentOptions } from '../sinks/drain.ts';
import { seriesKey } from '../sinks/endings.ts';
import { lastTimes } from '../sinks/lookback.ts';
import { type Config, environmentPrefixes } from './config.ts';
import type { FormerEpoch } from './former-runs.ts';
import type { FormerTrades } from './trade-analytics.ts';

/** What holds trades back longest: a repair; and windows stay open for a while without trades. */
const HELD_MS = 10_000;
/** Thirty closed candles and the open one. */
const CANDLES_MS = 31 * 60_000;

/** What a start asks of a sink to go on with the statistics of these series; undefined: there is nothing to go on with. */
export function recentOptions(
  config: Pick<Config, 'feed' | 'stats'> & Parameters<typeof environmentPrefixes>[0],
  endings: readonly Ending[],
): DrainRecentOptions | undefined {
  const { feed, stats } = config;
  const kind = feed.channels.includes('trade') ? 'trade' : 'agg_trade';
  if (endings.length === 0 || !feed.channels.includes(kind)) return undefined;
  const spanMs = Math.max(...stats.windowsMs) + stats.allowedLatenessMs + feed.staleAfterMs + HELD_MS;
  return {
    environmentPrefixes: environmentPrefixes(config),
    kind,
    endings,
    trades: stats.historyTrades,
    spanMs,
    windowsSpanMs: Math.max(spanMs, CANDLES_MS),
  };
}

/** A sink that a former run wrote to. */
export interface FormerSink {
  readonly name: string;
  readonly endings: readonly Ending[];
  recent(options: DrainRecentOptions): Promise<Recent>;
}

/**
 * What was published lately of the series that are taken up, each from the sink that is least far. A sink that cannot
 * tell costs its windows their completeness, not the start.
 */
export async function readRecent(
  config: Parameters<typeof recentOptions>[0],
  sinks: readonly FormerSink[],
  former: readonly FormerEpoch[],
  onFailed: (fault: Fault, sink: string) => void,
): Promise<ReadonlyMap<string, FormerTrades>> {
  let left = former;
  const recent = new Map<string, FormerTrades>();
  for (const sink of sinks) {
    const own = left.flatMap((epoch) => {
      const from = takenUpEnding(epoch, sink.endings);
      return from === undefined ? [] : [{ epoch, from }];
    });
    const epochs = own.map(({ epoch }) => epoch);
    left = left.filter((epoch) => !epochs.includes(epoch));
    const options = recentOptions(
      config,
      own.map(({ from }) => from),
    );
    if (options === undefined) continue;
    try {
      const found = formerTrades(epochs, await sink.recent(options), options, config.feed.mode === 'all');
      for (const [key, trades] of found) recent.set(key, trades);
    } catch (error) {
      onFailed(asFault(error), sink.name);
    }
  }
  return recent;
}

/** The ending that a series is taken up from; undefined: not from one of this sink. */
export function takenUpEnding(
  { venue, symbol, epoch, takeUp, last }: FormerEpoch,
  endings: readonly Ending[],
): Ending | undefined {
  if (takeUp === undefined) return undefined;
  return endings.find((ending) => {
    const own = ending.trade === undefined || ending.trade === null ? ending.aggTrade : ending.trade;
    return ending.venue === venue && ending.symbol === symbol && ending.epoch === epoch && own?.id === last?.id;
  });
}

/** What one sink had published of the series that are taken up from it, by what is served apart. */
export function formerTrades(
  epochs: readonly FormerEpoch[],
  { trades, windows, gaps, whole }: Recent,
  { endings, spanMs }: Pick<DrainRecentOptions, 'endings' | 'spanMs'>,
  everyVenue: boolean,
): Map<string, FormerTrades> {
  const tradesOf = Map.groupBy(trades, seriesKey);
  const windowsOf = Map.groupBy(windows, seriesKey);
  const gapsOf = Map.groupBy(gaps, seriesKey);
  const lastOf = lastTimes(endings);
  return new Map(
    epochs.map((of) => {
      const { venue, symbol, epoch } = of;
      const key = seriesKey(of);
      const own = (tradesOf.get(key) ?? []).filter((trade) => trade.epoch === epoch);
      const known = (gapsOf.get(key) ?? []).filter((gap) => gap.epoch === epoch);
      const former: FormerTrades = {
        venue,
        epoch,
        trades: own,
        windows: (windowsOf.get(key) ?? []).filter((window) => window.epoch === epoch),
        gaps: [...known, ...unsure(of, own, whole ? (lastOf.get(venue) ?? 0) - spanMs : Number.POSITIVE_INFINITY)],
      };
      return [everyVenue ? key : symbol, former];
    }),
  );
}

/** Some may be missing anywhere up to where the gaps are known from. */
function unsure({ epoch }: FormerEpoch, trades: Recent['trades'], knownFrom: number): FormerTrades['gaps'] {
  const [first, last] = [trades[0], trades.at(-1)];
  if (first === undefined || last === undefined || first.timestamp >= knownFrom) return [];
  return [{ epoch, outcome: 'unknown', fromTime: first.timestamp, toTime: Math.min(last.timestamp, knownFrom) }];
}
