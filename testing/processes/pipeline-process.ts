import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { root } from '../tools/tools.ts';
import { until } from '../tools/until.ts';

/** An entry of the pipeline's log that names an event. */
export interface LoggedEvent {
  readonly event: string;
  readonly venue?: string | null;
  readonly coin?: string | null;
  readonly line?: string;
  readonly [field: string]: unknown;
}

export interface PipelineProcessOptions {
  readonly config: string;
  /** The log is appended to this file. */
  readonly logFile: string;
  /** Options for Node itself. */
  readonly nodeArgs?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const STOP_WITHIN_MS = 15_000;

/** `market-feed run` as a process of its own, observed through its log. It ends with this process at the latest. */
export class PipelineProcess {
  /** The active venue, from its last status. */
  activeVenue: string | undefined;
  running = true;
  /** The exit code; null if a signal ended the process. Resolves when all output is read. */
  readonly exited: Promise<number | null>;
  readonly events: LoggedEvent[] = [];
  readonly #child;
  /** The subscribed lines by venue. */
  readonly #up = new Map<string, Set<string>>();

  constructor({ config, logFile, nodeArgs = [], environment = {} }: PipelineProcessOptions) {
    this.#child = spawn(process.execPath, [...nodeArgs, 'bin/market-feed.js', 'run', '--config', config], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const log = createWriteStream(logFile, { flags: 'a' });
    const lines = createInterface({ input: this.#child.stderr });
    lines.on('line', (line) => {
      log.write(`${line}\n`);
      const event = eventOf(line);
      if (event === undefined) return;
      this.#updateLines(event);
      this.events.push(event);
    });
    const kill = () => this.#child.kill('SIGKILL');
    process.once('exit', kill);
    this.exited = new Promise<number | null>((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => {
        this.running = false;
        process.off('exit', kill);
        log.end();
        resolve(code);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  linesUp(venue: string): number {
    return this.#up.get(venue)?.size ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** Sends SIGTERM and returns the exit code; null if the process had to be killed. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    const killTimer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    const code = await this.exited;
    clearTimeout(killTimer);
    return code;
  }

  /** Waits until a condition on the log holds. @throws Error if the process ends first, or after the timeout. */
  async until(condition: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
    await until(() => !this.running || condition(), { timeoutMs, message: what });
    if (!condition()) throw new Error(`the pipeline ended before ${what}`);
  }

  #updateLines({ event, venue, line, active_venue }: LoggedEvent): void {
    if (typeof active_venue === 'string') this.activeVenue = active_venue;
    if (typeof venue !== 'string' || line === undefined) return;
    const up = this.#up.get(venue) ?? new Set<string>();
    this.#up.set(venue, up);
    if (event === 'subscribed') up.add(line);
    else if (event === 'disconnected') up.delete(line);
  }
}

/** Parses a log entry that names an event. The regular status entry counts as event `status`. */
function eventOf(line: string): LoggedEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const logged = JSON.parse(line) as Partial<LoggedEvent>;
    const event = logged.event ?? (logged.msg === 'status' ? 'status' : undefined);
    return event === undefined ? undefined : { ...logged, event };
  } catch {
    return undefined;
  }
}
