import { firstValueFrom } from 'rxjs';
import type { Config } from '../../config/config.ts';
import { duration } from '../../domain/duration.ts';
import { asFault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { StatusSnapshot } from '../../domain/status-snapshot.ts';
import { aborted$ } from '../../net/aborted.ts';
import { monotonicScheduler } from '../../net/monotonic-scheduler.ts';
import { type Observed, type Running, startPipeline } from '../../runtime/run.ts';
import { GatewayThread, type GatewayThreadOptions } from '../../serving/gateway-thread.ts';
import { createLog, type Logger } from '../../telemetry/log.ts';
import { threadBusyMs } from '../../telemetry/thread-meter.ts';
import { type CommandContext, problemRow, writeProblem } from '../arguments/command.ts';
import { exitCodeOf } from '../arguments/exit-code.ts';
import { timeLimit } from '../arguments/time-limit.ts';
import type { Painter } from '../live-status/painter.ts';
import { ShownRecords } from '../live-status/shown-records.ts';
import { logTo } from '../terminal/command-log.ts';
import { count } from '../terminal/number-text.ts';
import { logLineText, StatusNotes } from '../terminal/status-notes.ts';
import { hasColor } from '../terminal/terminal-text.ts';

export interface RunFeedOptions {
  /** Rows of text that say where the data goes, for the live status or the log. */
  readonly hints: readonly string[];
  /** A command for a shell, printed as the last line or logged after the stop. */
  readonly nextCommand?: string;
  /** How often the status is logged without a terminal, milliseconds. */
  readonly logEveryMs?: number;
  /** Ends the run after this long, milliseconds. */
  readonly durationMs?: number;
  /** What becomes of records that the run leaves in its spill, for people. */
  readonly spillFate?: string;
}

/** Runs the pipeline until the signal aborts. Shows or logs its status. Returns the exit code. */
export async function runFeed(
  { out, err, keyboard, signal, environment }: CommandContext,
  config: Config,
  { hints, nextCommand, logEveryMs = 30_000, durationMs, spillFate = 'the next start delivers them' }: RunFeedOptions,
): Promise<number> {
  const live = out.isTerminal && environment.TERM !== 'dumb';
  const notes = new StatusNotes();
  const recent = new ShownRecords();
  const quitting = new AbortController();
  let painter: Painter | undefined;
  /** Errors while the live status is shown; printed after it. */
  const deferredErrors: string[] = [];
  const entries = logTo(err);
  const log = createLog({
    level: config.log.level,
    destination: {
      write(json: string) {
        notes.add(json);
        if (!live || !err.isTerminal) entries.write(json);
        else if (painter !== undefined) {
          if (ERROR_LEVEL.test(json)) deferredErrors.push(problemText(json));
        } else if (PROBLEM_LEVEL.test(json)) void err.write(problemText(json));
      },
    },
  });

  const { source, environment: marked, sinks } = config;
  log.info({ event: 'starting', config: source, environment: marked, sinks }, 'starting');
  const logGateway: GatewayThreadOptions['log'] = (level, fields, message) => {
    log[level](fields, message);
    if (!live && 'url' in fields) log.info({ event: 'hint' }, `web    ${String(fields.url)}`);
  };
  const gateway = config.gateway.enabled
    ? new GatewayThread({ config, scheduler: monotonicScheduler, log: logGateway })
    : undefined;
  const start = config.cluster.enabled ? (await import('../../cluster/cluster.ts')).startCluster : startPipeline;
  let pipeline: Running;
  try {
    const onPublished = (records: readonly FeedRecord[]): void => {
      gateway?.publish(records);
      if (live) recent.add(records);
    };
    const onStarting = (starting: Observed): void => gateway?.follow(starting);
    pipeline = await start(config, { log, signal, busyMs: threadBusyMs, onStarting, onPublished });
  } catch (error) {
    await gateway?.close();
    if (signal.aborted) return 0;
    throw error;
  }
  gateway?.follow(pipeline);
  const limit = durationMs === undefined ? undefined : timeLimit(durationMs);
  if (live) {
    const { paintStatus } = await import('../live-status/painter.ts');
    painter = paintStatus({
      out,
      keyboard,
      color: hasColor(out, environment),
      snapshot: () => pipeline.snapshot(),
      notes,
      records: recent,
      onQuit: () => quitting.abort(),
      hints: () => [...(gateway?.url === undefined ? [] : [`web    ${gateway.url}`]), ...hints],
    });
  } else for (const hint of hints) log.info({ event: 'hint' }, hint);
  const reporter = live ? undefined : setInterval(() => logStatus(log, pipeline.snapshot()), logEveryMs);

  const { failed } = pipeline;
  const ends = [signal, failed, quitting.signal, ...(limit === undefined ? [] : [limit])];
  await firstValueFrom(aborted$(AbortSignal.any(ends)));

  clearInterval(reporter);
  // The last status is logged before the stop, because no venue is connected after it.
  if (!live) logStatus(log, pipeline.snapshot());
  const ended = signal.aborted ? String(signal.reason) : quitting.signal.aborted ? 'q was pressed' : 'the time is up';
  const reason = failed.aborted ? 'a sink failed' : ended;
  const { undelivered, spilled, dropped } = await pipeline.stop(reason);
  await gateway?.close();
  if (painter !== undefined) {
    painter.close();
    await err.write(deferredErrors.slice(-20).join(''));
    const rows = [
      summary(pipeline.snapshot()),
      ...hints.slice(0, 1),
      ...(nextCommand === undefined ? [] : [nextCommand]),
    ];
    await out.write(`${rows.join('\n')}\n`);
  } else if (nextCommand !== undefined) log.info({ event: 'hint' }, nextCommand);
  if (failed.aborted) await writeProblem(err, asFault(failed.reason).message);
  const waiting = `${spilled} records wait in ${config.spill.dir}; ${spillFate}`;
  if (spilled > 0) await writeProblem(err, waiting);
  if (dropped > 0) await writeProblem(err, `${dropped} records were dropped because the queue was full`);
  if (undelivered > 0) await writeProblem(err, `${undelivered} records could not be delivered`);
  if (failed.aborted) return exitCodeOf(failed.reason);
  return undelivered + dropped === 0 ? 0 : 1;
}

const ERROR_LEVEL = /^\{"level":"(?:error|fatal)"/;
const PROBLEM_LEVEL = /^\{"level":"(?:warn|error|fatal)"/;

function problemText(json: string): string {
  return problemRow(logLineText(json));
}

function summary({ at, startedAt, counts, sinks }: StatusSnapshot): string {
  const parts = sinks.map(
    ({ name, delivered, dropped }) =>
      `${name} ${count(delivered)} records${dropped === 0 ? '' : `, ${count(dropped)} dropped`}`,
  );
  return [`Stopped after ${duration(at - startedAt)}: ${count(counts.trades ?? 0)} trades`, ...parts].join('; ');
}

function logStatus(log: Logger, status: StatusSnapshot): void {
  const { activeVenue, trading, venues, coins, sinks, counts, environment } = status;
  const rounded = (ms: number | null) => (ms === null ? null : Math.round(ms));
  log.info(
    {
      event: 'status',
      environment,
      active_venue: activeVenue,
      trading: trading.state,
      venues: Object.fromEntries(
        venues.map(({ venue, state, linesUp, ageMs, frames }) => [
          venue,
          { state, lines_up: linesUp, age_ms: rounded(ageMs), frames },
        ]),
      ),
      prices: Object.fromEntries(coins.map(({ coin, price }) => [coin, price])),
      sinks: Object.fromEntries(
        sinks.map(({ name, state, lagMs, queued, delivered, dropped }) => [
          name,
          { state, lag_ms: rounded(lagMs), queued, delivered, dropped },
        ]),
      ),
      counts,
    },
    'status',
  );
}
