import { statSync } from 'node:fs';
import path from 'node:path';
import { CAPTURE_FORMATS, type CaptureFormat } from '../capture/capture-row.ts';
import { type Config, environmentPrefixes } from '../config/config.ts';
import { duration } from '../domain/duration.ts';
import { VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import type { ReplayOptions, ReplayResult } from '../replay/replay-result.ts';
import { type Command, type CommandContext, UsageError, writeProblem, writeResult } from './arguments/command.ts';
import { configOption, configurationOf } from './arguments/configuration.ts';
import { count } from './terminal/number-text.ts';
import { progressBar } from './terminal/progress-bar.ts';

const SHOW_EVERY_MS = 200;

export const command: Command = {
  usage: 'replay FILE [--config FILE] [--out DIR] [--speed max|1] [--format F --venue V]',
  about:
    'Plays a capture through the same pipeline, in its recorded time, as fast as the machine can. Every record is marked replay. Two replays into empty folders give the same bytes.\n' +
    'A capture of market-feed contains the coins, venues and feed settings of the process that made it; with --config the settings of that file count instead. The sinks always come from the configuration.\n' +
    'For captures in other formats, set --format to hftbacktest (recv_ns SP FRAME), ndjson (one frame a row) or cryptofeed, and --venue to the venue of the recorded connection.',
  options: {
    config: configOption,
    out: { value: 'DIR', help: 'Avro files into this folder instead of the configured sinks' },
    speed: { value: 'max|1', help: 'max: as fast as the machine can (default); 1: at the recorded pace' },
    format: { value: 'F', help: `${CAPTURE_FORMATS.join(', ')} (default market-feed)` },
    venue: { value: 'V', help: `venue of a capture in another format: ${VENUE_IDS.join(', ')}` },
  },
  maxArguments: 1,
  async run(context) {
    const { options } = context;
    const [file] = context.arguments;
    if (file === undefined) throw new UsageError('which capture? market-feed replay FILE');
    const format = options.oneOf('format', CAPTURE_FORMATS) ?? 'market-feed';
    const venue = options.oneOf('venue', VENUE_IDS);
    const speed = options.oneOf('speed', ['max', '1']) ?? 'max';
    if (format !== 'market-feed' && venue === undefined)
      throw new UsageError(`--format ${format} needs --venue: whose frames they are`);
    if (format === 'market-feed' && venue !== undefined)
      throw new UsageError('--venue is for other formats: a capture of market-feed names its venues');
    const size = sizeOf(file);
    const config = await configOf(context, file, format, venue);
    await refuseRecords(config);
    return replayFile(context, config, { file, format, speed, ...(venue && { venue }) }, size);
  },
};

/** @throws UsageError if a sink's folder has records that the replay would add to */
async function refuseRecords(config: Config): Promise<void> {
  const { JOURNAL } = await import('../sinks/parquet/journal.ts');
  const { sinks, file, parquet } = config;
  if (sinks.includes('file')) await refuseRecordsIn(file.dir, file.dir, config);
  if (sinks.includes('parquet')) await refuseRecordsIn(path.join(parquet.dir, JOURNAL), parquet.dir, config);
}

async function refuseRecordsIn(folder: string, dir: string, config: Config): Promise<void> {
  const { TOPICS } = await import('../codec/topics.ts');
  const { listFiles } = await import('../avro-file/file-name.ts');
  const topics = environmentPrefixes(config).flatMap((prefix) => TOPICS.map(({ name }) => prefix + name));
  for (const topic of topics)
    if ((await listFiles(path.join(folder, topic))).length > 0)
      throw new UsageError(`--out: ${dir} has records in ${topic}; a replay needs a folder without such records`);
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function configOf(
  context: CommandContext,
  file: string,
  format: CaptureFormat,
  venue: VenueId | undefined,
): Promise<Config> {
  const { options } = context;
  const own = configurationOf(context);
  const configured =
    format === 'market-feed' && options.text('config') === undefined ? await asCaptured(file, own) : own;
  const { replayConfig } = await import('../replay/replay.ts');
  const config = replayConfig(configured, venue);
  const out = options.text('out');
  return out === undefined ? config : { ...config, sinks: ['file'], file: { ...config.file, dir: path.resolve(out) } };
}

/** The configuration with the settings that the capture was recorded with. */
async function asCaptured(file: string, own: Config): Promise<Config> {
  const { captureHeader } = await import('../capture/read-capture.ts');
  const { withCaptured } = await import('../replay/captured-config.ts');
  const { config } = await captureHeader(file);
  if (config === undefined) return own;
  try {
    return withCaptured(own, config);
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function replayFile(
  { out, err, signal }: CommandContext,
  config: Config,
  source: Pick<ReplayOptions, 'file' | 'format' | 'venue' | 'speed'>,
  size: number,
): Promise<number> {
  const { replay } = await import('../replay/replay.ts');
  const { commandLog } = await import('./terminal/command-log.ts');
  const { StatusLine } = await import('./terminal/status-line.ts');
  const startedAt = performance.now();
  const log = commandLog(err, config);
  const line = new StatusLine(err);
  let shownAt = startedAt;
  let result: ReplayResult;
  try {
    result = await replay(config, {
      ...source,
      log,
      signal,
      onProgress: ({ bytes, rows, elapsedMs }) => {
        const now = performance.now();
        if (now - shownAt < SHOW_EVERY_MS) return;
        shownAt = now;
        line.show(progressOf({ share: bytes / size, rows, elapsedMs, tookMs: now - startedAt }));
      },
    });
  } finally {
    line.close();
  }
  const tookMs = performance.now() - startedAt;
  await writeResult(out, inWords(result, tookMs), forScripts(source.file, result, tookMs));
  if (result.undelivered > 0) await writeProblem(err, `${result.undelivered} records could not be delivered`);
  // Everything before the error is replayed and reported. The exit code says that the replay is incomplete.
  if (result.error !== undefined) throw result.error;
  return result.undelivered === 0 || signal.aborted ? 0 : 1;
}

/** `replay  40 s left  52%  [############------------]  180,000 rows/s, 3 h 10 m of the capture, 9,000 times its speed`. */
function progressOf(of: { share: number; rows: number; elapsedMs: number; tookMs: number }): string {
  const { share, rows, elapsedMs, tookMs } = of;
  const bar = progressBar(share, share > 0 ? (tookMs * Math.max(0, 1 - share)) / share : undefined);
  const rate = count((1000 * rows) / Math.max(1, tookMs));
  return `replay${bar}  ${rate} rows/s, ${duration(elapsedMs)} of the capture, ${times(elapsedMs, tookMs)}`;
}

function times(elapsedMs: number, tookMs: number): string {
  return `${count(elapsedMs / Math.max(1, tookMs))} times its speed`;
}

function inWords(result: ReplayResult, tookMs: number): string {
  const { elapsedMs, frames, records, ignored, malformed, missed, bodies } = result;
  const total = Object.values(records).reduce((sum, one) => sum + one, 0);
  const odd = Object.entries({ ...ignored, malformed, missed, rest_bodies: bodies }).filter(([, many]) => many > 0);
  return [
    `Replayed ${duration(elapsedMs)} in ${duration(tookMs)}, ${times(elapsedMs, tookMs)}: ${count(frames)} frames, ${count(total)} records`,
    ...Object.entries(records).map(([topic, many]) => `  ${topic.padEnd(24)} ${count(many)}`),
    ...(odd.length === 0 ? [] : [`not used: ${odd.map(([reason, many]) => `${reason} ${count(many)}`).join(', ')}`]),
  ].join('\n');
}

function forScripts(file: string, result: ReplayResult, tookMs: number): object {
  const { fromMs, toMs, rows, elapsedMs, answers, bodies, bytes: _bytes, error: _error, ...counted } = result;
  return {
    file,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    seconds: Math.round(tookMs) / 1000,
    speed: Math.round(elapsedMs / tookMs),
    rest_answers: answers,
    rest_bodies: bodies,
    lines: rows,
    ...counted,
  };
}
