import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { HistoryResult } from '../backfill/fetch-history.ts';
import type { HistoryRange } from '../backfill/history-span.ts';
import type { HistoryKind, HistoryRequest } from '../backfill/run-history.ts';
import { type Config, feedVenues } from '../config/config.ts';
import { duration } from '../domain/duration.ts';
import { KLINE_INTERVALS, type KlineInterval, VENUE_IDS } from '../domain/instrument.ts';
import type { Venue } from '../venues/contract.ts';
import {
  type Command,
  type CommandContext,
  choiceIn,
  type OptionValues,
  UsageError,
  writeProblem,
  writeResult,
} from './arguments/command.ts';
import { configOption, configurationOf, instrumentNamed } from './arguments/configuration.ts';
import { timeOption } from './arguments/start-time.ts';
import { count } from './terminal/number-text.ts';

const KINDS: readonly HistoryKind[] = ['trades', 'agg_trades', 'klines'];
const DEFAULT_LIMIT = 1000;
const DEFAULT_DIR = 'history';

export const command: Command = {
  usage: `history <symbol> <${KINDS.join('|')}> [--venue V] [--from T] [--to T] [--limit N] [--interval I] [--out DIR] [--config FILE]`,
  about:
    "Fetches past data by REST, within the venue's weight budget, into Avro files with the feed's records. Without --from it fetches the last ones.\n" +
    'If it is interrupted, the same command resumes where it ended: no record is missing or repeated. See docs/history.md.',
  options: {
    venue: { value: 'V', help: `${VENUE_IDS.join(', ')}; default: the first configured one that has the data` },
    from: { value: 'T', help: 'from this time on: 2026-11-21T08:30:00Z, 08:30 (UTC), -10m, milliseconds since 1970' },
    to: { value: 'T', help: 'up to this time, exclusive (default: now)' },
    limit: {
      value: 'N',
      help: `maximum number of records: from --from on; without --from the last ones (default ${DEFAULT_LIMIT})`,
    },
    interval: { value: 'I', help: `interval of klines: ${KLINE_INTERVALS.join(', ')} (default 1m)` },
    out: { value: 'DIR', help: `folder of the files (default ${DEFAULT_DIR}); not the folder of a feed` },
    config: configOption,
  },
  maxArguments: 2,
  async run(context) {
    const { HistoryRefused } = await import('../backfill/history-span.ts');
    try {
      return await history(context, await requestOf(context));
    } catch (error) {
      throw error instanceof HistoryRefused ? new UsageError(error.message) : error;
    }
  },
};

async function requestOf(context: CommandContext): Promise<HistoryRequest> {
  const { options } = context;
  const [symbol, what] = context.arguments;
  if (symbol === undefined)
    throw new UsageError(`symbol: found nothing, allowed: a symbol such as btcusdt; usage: ${command.usage}`);
  if (what === undefined)
    throw new UsageError(`what to fetch: found nothing, allowed: one of ${KINDS.join(', ')}; usage: ${command.usage}`);
  const kind = choiceIn('what to fetch', what, KINDS);
  if (kind !== 'klines' && options.flag('interval')) throw new UsageError(`--interval is for klines, found ${kind}`);
  const interval = options.oneOf('interval', KLINE_INTERVALS) ?? '1m';
  const wanted = rangeOf(options, Date.now());
  const dir = folderOf(options.text('out') ?? DEFAULT_DIR);
  const config = configurationOf(context);
  const venue = await venueFor(kind, config, options, wanted);
  const range = { ...wanted, limit: limitFor(kind, venue, wanted) };
  if (kind === 'klines') requireInterval(venue, interval);
  const instrument = instrumentNamed(symbol, config, venue.id);
  const given = JSON.stringify(['from', 'to', 'limit'].map((name) => options.text(name) ?? null));
  return { config, venue, instrument, kind, interval, range, arguments: given, dir };
}

function rangeOf(options: OptionValues, nowMs: number): HistoryRange {
  const fromMs = timeOption(options, 'from', nowMs);
  const toMs = timeOption(options, 'to', nowMs);
  if (fromMs !== undefined && fromMs > nowMs)
    throw new UsageError(`--from: found ${options.text('from')}, allowed: a time in the past`);
  if (fromMs !== undefined && toMs !== undefined && toMs <= fromMs) {
    const allowed = `a time after --from (${isoTime(fromMs)})`;
    throw new UsageError(`--to: found ${options.text('to')} (${isoTime(toMs)}), allowed: ${allowed}`);
  }
  const limit = options.number('limit', 1, 1_000_000_000);
  return { fromMs, toMs: toMs !== undefined && toMs >= nowMs ? undefined : toMs, limit };
}

function folderOf(text: string): string {
  if (existsSync(text) && !statSync(text).isDirectory())
    throw new UsageError(`--out: found ${text}, a file, allowed: a folder`);
  return path.resolve(text);
}

/** The venue of `--venue`, or the first configured venue that has all wanted data, or else the first that has some. */
async function venueFor(kind: HistoryKind, config: Config, options: OptionValues, range: HistoryRange): Promise<Venue> {
  const { venues } = await import('../venues/registry.ts');
  const named = options.oneOf('venue', VENUE_IDS);
  const candidates = (named === undefined ? feedVenues(config) : [named]).map((id) => venues[id]);
  const found =
    candidates.find((venue) => provides(venue, kind, range)) ?? candidates.find((venue) => hasAny(venue, kind));
  if (found !== undefined) return found;
  const others = VENUE_IDS.filter((id) => hasAny(venues[id], kind));
  const [first] = candidates;
  const reason = kind === 'trades' && first?.history ? `: ${first.history.whyNoTrades}` : '';
  throw new UsageError(
    `--venue: found ${named ?? candidates.map(({ id }) => id).join(', ')}, which has no ${kind}${reason}; allowed: ${others.join(', ')}`,
  );
}

function provides({ history }: Venue, kind: HistoryKind, { fromMs, limit }: HistoryRange): boolean {
  if (history === undefined) return false;
  if (kind === 'klines') return true;
  if (kind === 'agg_trades') return history.aggTrades !== undefined;
  return history.trades !== undefined || (fromMs === undefined && (limit ?? DEFAULT_LIMIT) <= history.recentTrades);
}

function hasAny(venue: Venue, kind: HistoryKind): boolean {
  return provides(venue, kind, { fromMs: undefined, toMs: undefined, limit: 1 });
}

function limitFor(kind: HistoryKind, { id, history }: Venue, { fromMs, limit }: HistoryRange): number | undefined {
  const most = kind === 'trades' && history?.trades === undefined ? history?.recentTrades : undefined;
  if (most !== undefined && limit !== undefined && limit > most)
    throw new UsageError(`--limit: found ${limit}, allowed: 1 to ${most} at ${id}: ${history?.whyNoTrades}`);
  return limit ?? (fromMs === undefined ? (most ?? DEFAULT_LIMIT) : undefined);
}

function requireInterval({ id, history }: Venue, interval: KlineInterval): void {
  const intervals = history?.intervals ?? [];
  if (!intervals.includes(interval))
    throw new UsageError(`--interval: found ${interval}, allowed at ${id}: ${intervals.join(', ')}`);
}

async function history({ out, err, signal }: CommandContext, request: HistoryRequest): Promise<number> {
  const { wallClock } = await import('../net/wall-clock.ts');
  const { historyTopic, runHistory } = await import('../backfill/run-history.ts');
  const { monotonicScheduler } = await import('../net/monotonic-scheduler.ts');
  const { commandLog } = await import('./terminal/command-log.ts');
  const { HistoryProgressLine } = await import('./terminal/history-progress.ts');
  const { venue, instrument, kind, interval, config, dir } = request;
  const what = kind === 'klines' ? `${kind} ${interval}` : kind;
  const title = `${instrument.symbol} ${what} of ${venue.id}`;
  const log = commandLog(err, config);
  const line = new HistoryProgressLine(title, err, log, () => performance.now());
  const startedAt = performance.now();
  const result = await runHistory(request, {
    signal,
    scheduler: monotonicScheduler,
    random: Math.random,
    wallClock: wallClock(),
    onProgress: (progress) => line.show(progress),
    onBadRow: ({ message }) =>
      log.warn({ event: 'row_malformed', venue: venue.id, reason: message }, 'a row that cannot be read is left out'),
    onRepaired: (file, { cutBytes }) =>
      log.info({ event: 'file_repaired', file, cut_bytes: cutBytes }, 'file of a killed process closed'),
    onWait: (fault, delayMs) => line.wait(fault.message, delayMs),
  })
    .catch(async (error: unknown) => {
      if (line.records > 0)
        await writeProblem(err, `history: ${count(line.records)} records are kept; run the same command to continue`);
      throw error;
    })
    .finally(() => line.close());
  const tookMs = performance.now() - startedAt;
  const topic = historyTopic(request);
  for (const remark of remarks(result, title)) await writeProblem(err, `history: ${remark}`);
  const { records, missing, complete } = result;
  const words = `${complete ? 'Fetched' : 'Interrupted after'} ${count(records)} records, ${title}, in ${duration(tookMs)}: ${path.join(dir, topic)}`;
  const seconds = Math.round(tookMs) / 1000;
  const { symbol } = instrument;
  await writeResult(out, words, { venue: venue.id, symbol, topic, dir, records, missing, complete, seconds });
  return 0;
}

function remarks({ records, missing, complete, leavesGap }: HistoryResult, title: string): string[] {
  return [
    ...(complete && records === 0 ? [`${title}: the venue has no records that are not in the folder yet`] : []),
    ...(missing > 0 ? [`${title}: the venue left out ${count(missing)} records, or sent them unreadable`] : []),
    ...(leavesGap
      ? [`${title}: the records between these and the earlier ones in the folder are missing: they are not fetched`]
      : []),
    ...(complete ? [] : ['interrupted; run the same command to continue from here']),
  ];
}

const isoTime = (ms: number): string => new Date(ms).toISOString();
