import { existsSync } from 'node:fs';
import { firstValueFrom } from 'rxjs';
import type { Config } from '../config/config.ts';
import { duration } from '../domain/duration.ts';
import { VENUE_IDS } from '../domain/instrument.ts';
import { aborted$ } from '../net/aborted.ts';
import { type Command, type CommandContext, UsageError, writeResult } from './arguments/command.ts';
import { configOption, configurationOf, selectionOptions, withVenues } from './arguments/configuration.ts';
import { timeLimit } from './arguments/time-limit.ts';
import { count } from './terminal/number-text.ts';

const EVERY_MS = 1000;
const LOG_EVERY_MS = 30_000;

export const command: Command = {
  usage: 'record --out FILE [--config FILE] [--venue V…] [--symbol S…] [--channel C…] [--duration S]',
  about:
    'Writes everything that the venues send into a compressed capture: frames, connects, closes and REST answers with their times, until Ctrl-C. ' +
    'Publishes nothing. If the process is killed, the capture lacks at most its last second.\n' +
    'market-feed replay FILE runs it through the pipeline again; market-feed simulate --capture FILE serves it.',
  options: {
    out: { value: 'FILE', help: 'the capture; a file that exists is never overwritten' },
    config: configOption,
    venue: { value: 'V…', many: 'list', help: `these venues alone: ${VENUE_IDS.join(', ')}` },
    ...selectionOptions,
    duration: { value: 'S', help: 'ends after this many seconds' },
  },
  async run(context) {
    const { options } = context;
    const out = options.text('out');
    if (out === undefined) throw new UsageError('--out is missing: market-feed record --out FILE');
    if (existsSync(out)) throw new UsageError(`--out: ${out} exists; a capture is never overwritten`);
    const seconds = options.number('duration', 0.1, 31_536_000, 'any');
    return record(context, configOf(context), out, seconds);
  },
};

function configOf(context: CommandContext): Config {
  const { options } = context;
  const config = configurationOf(context, { symbols: options.texts('symbol'), channels: options.texts('channel') });
  return withVenues(config, options.texts('venue'));
}

async function record(
  { out, err, signal }: CommandContext,
  config: Config,
  path: string,
  seconds: number | undefined,
): Promise<number> {
  const { startRecording } = await import('../replay/record.ts');
  const { commandLog } = await import('./terminal/command-log.ts');
  const { StatusLine } = await import('./terminal/status-line.ts');
  const startedAt = performance.now();
  const failing = new AbortController();
  const log = commandLog(err, config);
  const recording = await startRecording(path, config, { log, onFailed: (error) => failing.abort(error) });
  const line = new StatusLine(err);
  let loggedAt = startedAt;
  const timer = setInterval(() => {
    const { frames, bytes } = recording.capture.written;
    const ms = performance.now() - startedAt;
    const up = recording.feed.venues.filter((venue) => venue.lines.up > 0).map((venue) => venue.options.venue.id);
    const connected = up.length === 0 ? 'no venue is connected' : up.join(' ');
    line.show(`recording ${duration(ms)}  ${count(frames)} frames  ${megabytes(bytes)} MB  ${connected}`);
    if (performance.now() - loggedAt < LOG_EVERY_MS) return;
    loggedAt = performance.now();
    log.info({ event: 'recording', frames, bytes, connected: up }, 'recording');
  }, EVERY_MS);

  const ends = [signal, failing.signal, ...(seconds === undefined ? [] : [timeLimit(seconds * 1000)])];
  await firstValueFrom(aborted$(AbortSignal.any(ends)));
  clearInterval(timer);
  line.close();
  const ms = performance.now() - startedAt;
  await recording.stop(signal.aborted ? String(signal.reason) : 'the time is up');
  const { rows, frames, bytes } = recording.capture.written;
  const words = `Recorded ${duration(ms)}: ${count(frames)} frames, ${megabytes(bytes)} MB in ${path}`;
  await writeResult(out, words, { file: path, seconds: Math.round(ms) / 1000, frames, lines: rows, bytes });
  return 0;
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
