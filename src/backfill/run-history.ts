import type { SchedulerLike } from 'rxjs';
import { environmentPrefix } from '../codec/environment-topics.ts';
import { topicOf } from '../codec/topics.ts';
import { type Config, environmentOf } from '../config/config.ts';
import { Fault } from '../domain/fault.ts';
import type { Instrument, KlineInterval } from '../domain/instrument.ts';
import { pauseFor } from '../net/aborted.ts';
import type { WallClock } from '../net/wall-clock.ts';
import type { Repair } from '../sinks/avro-file/repair-file.ts';
import { AvroFileSink } from '../sinks/avro-file/sink.ts';
import type { Sink } from '../sinks/contract.ts';
import type { PastOrigin, PastRecord, PastSeries, Venue } from '../venues/contract.ts';
import { reportBadRows } from '../venues/rest/report-bad-rows.ts';
import { VenueRest } from '../venues/rest/rest-client.ts';
import { type AskPatientlyOptions, askPatiently } from './ask-patiently.ts';
import { fetchHistory, type HistoryProgress, type HistoryResult, NO_PROGRESS } from './fetch-history.ts';
import { fetchRecent } from './fetch-recent.ts';
import { lockNotes } from './history-folder.ts';
import { type Ask, type HistoryRange, HistoryRefused } from './history-span.ts';
import type { SeriesName } from './last-record.ts';

export type HistoryKind = 'trades' | 'agg_trades' | 'klines';

export const RECORD_KINDS: Readonly<Record<HistoryKind, PastRecord['kind']>> = {
  trades: 'trade',
  agg_trades: 'agg_trade',
  klines: 'kline',
};

export interface HistoryRequest {
  readonly config: Config;
  readonly venue: Venue;
  readonly instrument: Instrument;
  readonly kind: HistoryKind;
  readonly interval: KlineInterval;
  readonly range: HistoryRange;
  /** The user's arguments; they identify an interrupted job. */
  readonly arguments: string;
  readonly dir: string;
}

export interface HistoryWorld extends Omit<AskPatientlyOptions, 'rest'> {
  readonly wallClock: WallClock;
  readonly onProgress: (progress: HistoryProgress) => void;
  /** Called for each row of an answer that is left out because it cannot be read. */
  readonly onBadRow: (fault: Fault) => void;
  /** Called after the repair of each file that a killed process left open. */
  readonly onRepaired: (path: string, repair: Repair) => void;
}

/** Returns the topic without the configured prefix: `trades`, `simulated.trades`. */
export function historyTopic({ config, venue, kind }: Pick<HistoryRequest, 'config' | 'venue' | 'kind'>): string {
  const prefix = environmentPrefix(environmentOf(config, venue.id), config.feed.allowTestData);
  return prefix + topicOf(RECORD_KINDS[kind]).name;
}

/** Fetches past records into a folder until done or aborted. @throws HistoryRefused or a Fault. */
export async function runHistory(request: HistoryRequest, world: HistoryWorld): Promise<HistoryResult> {
  const { config, dir } = request;
  const unlock = await lockNotes(dir);
  try {
    const { rotateMb, codec } = config.file;
    const now = () => Math.floor(world.wallClock() / 1000);
    const { onRepaired } = world;
    const sink = new AvroFileSink({ dir, rotateMb, codec, now, onRepaired });
    await sink.open();
    try {
      return await fetchInto(sink, request, world);
    } finally {
      await sink.close();
    }
  } finally {
    unlock();
  }
}

async function fetchInto(sink: Sink, request: HistoryRequest, world: HistoryWorld): Promise<HistoryResult> {
  const { config, venue, dir, range } = request;
  const { signal, scheduler, wallClock } = world;
  const rest = new VenueRest(venue, config.venues[venue.id].restUrls, scheduler);
  const patient = askPatiently({ ...world, rest });
  const ask: Ask = (wanted) => patient(reportBadRows(wanted, (fault) => world.onBadRow(fault)));
  const origin: PastOrigin = {
    instrument: request.instrument,
    environment: environmentOf(config, venue.id),
    receivedAt: wallClock,
  };
  const name = seriesName(request, origin);
  const job = { name, range, arguments: request.arguments, dir, topic: historyTopic(request) };
  let progress = NO_PROGRESS;
  const onProgress = (latest: HistoryProgress) => {
    progress = latest;
    world.onProgress(latest);
  };
  try {
    const series = seriesOf(request, origin);
    if (series === undefined) {
      const recent = venue.recent?.(origin);
      if (recent === undefined) throw new Fault('internal', `${venue.id} has no ${request.kind}`);
      return await fetchRecent({ ...job, recent, most: venue.history?.recentTrades ?? 0 }, sink, ask);
    }
    const venueNowMs = await venueClock(venue, ask, scheduler);
    const pause = (ms: number) => pauseFor(ms, scheduler, signal);
    return await fetchHistory({ ...job, series }, { sink, ask, venueNowMs, pause, signal, onProgress });
  } catch (error) {
    if (signal.aborted) return { ...progress, complete: false };
    throw await refusedSymbol(error, request, ask);
  }
}

function seriesName({ venue, kind, interval, instrument }: HistoryRequest, { environment }: PastOrigin): SeriesName {
  return {
    kind: RECORD_KINDS[kind],
    venue: venue.id,
    symbol: instrument.symbol,
    environment,
    interval: kind === 'klines' ? interval : undefined,
  };
}

function seriesOf({ venue, kind, interval }: HistoryRequest, origin: PastOrigin): PastSeries | undefined {
  if (kind === 'klines') return venue.history?.klines(origin, interval);
  return kind === 'trades' ? venue.history?.trades?.(origin) : venue.history?.aggTrades?.(origin);
}

/**
 * Asks for the venue's time and returns a clock that continues it. The clock lags by at most the answer's travel time.
 */
async function venueClock(venue: Venue, ask: Ask, scheduler: SchedulerLike): Promise<() => number> {
  const venueMs = await ask(venue.time);
  const at = scheduler.now();
  return () => venueMs + scheduler.now() - at;
}

/** Explains a failure by an unlisted symbol, if the venue or its instrument list says so. */
async function refusedSymbol(error: unknown, { venue, instrument }: HistoryRequest, ask: Ask): Promise<unknown> {
  if (!(error instanceof Fault)) return error;
  const refused = new HistoryRefused(
    `symbol: found "${instrument.venueSymbol}", which ${venue.id} does not list, allowed: a symbol that it trades`,
  );
  if (error.kind === 'unknown_symbol') return refused;
  if (error.field !== 'retCode') return error;
  const listed = await ask(venue.instruments).catch(() => undefined);
  const isListed = listed?.rows.some(({ venueSymbol }) => venueSymbol === instrument.venueSymbol) ?? true;
  return isListed ? error : refused;
}
