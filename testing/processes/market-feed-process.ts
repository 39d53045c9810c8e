import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { root } from '../tools/tools.ts';
import { until } from '../tools/until.ts';

/** A `market-feed` command as a user starts it: a process of its own, killed when the test ends. */
export interface MarketFeedProcess {
  readonly pid: number;
  /** Output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** The entries of the log so far. */
  log(): LogLine[];
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  /** Waits for an event in the log. @throws Error with the log if the process ends first, or after 60 s. */
  logged(event: string): Promise<LogLine>;
  /** The exit code; null if a signal ended the process. Resolves when all output is read. */
  readonly exited: Promise<number | null>;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** Starts `market-feed ARGUMENTS`. Call it within a test. */
export function startMarketFeed(...args: readonly string[]): MarketFeedProcess {
  return start(process.execPath, ['src/cli/main.ts', ...args]);
}

/** Starts `market-feed ARGUMENTS` in a process that may have at most `maxFiles` files open. */
export function startWithFiles(maxFiles: number, ...args: readonly string[]): MarketFeedProcess {
  const limited = `ulimit -n ${maxFiles}; exec "$@"`;
  return start('bash', ['-c', limited, 'limited', process.execPath, 'src/cli/main.ts', ...args]);
}

function start(program: string, args: readonly string[]): MarketFeedProcess {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let running = true;
  void exited.then(() => {
    running = false;
  });
  return {
    pid: child.pid ?? 0,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    log: () => logOf(output.stderr),
    async logged(event) {
      const found = () => logOf(output.stderr).find((line) => line.event === event);
      await until(() => !running || found(), {
        timeoutMs: 60_000,
        message: () => `${event} in the log:\n${output.stderr}`,
      });
      const line = found();
      if (line === undefined) throw new Error(`the process ended without ${event} in the log:\n${output.stderr}`);
      return line;
    },
    signal: (name) => child.kill(name),
    exited,
  };
}

function logOf(stderr: string): LogLine[] {
  return stderr
    .slice(0, stderr.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);
}

export interface SimulateProcess extends MarketFeedProcess {
  readonly url: string;
  readonly httpUrl: string;
}

/** Starts `market-feed simulate` on a free port; resolves when it listens. */
export async function startSimulate(...args: readonly string[]): Promise<SimulateProcess> {
  const simulate = startMarketFeed('simulate', '--port', '0', ...args);
  let ended = false;
  void simulate.exited.then(() => {
    ended = true;
  });
  await until(() => ended || simulate.stdout.includes('\n'), { timeoutMs: 60_000, message: 'the simulator listens' });
  if (ended) throw new Error(`the simulator did not start: ${simulate.stderr}`);
  const { url, http_url } = JSON.parse(simulate.stdout) as { url: string; http_url: string };
  return Object.assign(simulate, { url, httpUrl: http_url });
}

/** Creates a folder that is deleted when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'market-feed-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a configuration file into the folder and returns its path. */
export async function writeConfiguration(folder: string, values: object): Promise<string> {
  const file = join(folder, 'market-feed.yaml');
  // JSON is valid YAML.
  await writeFile(file, JSON.stringify(values, null, 2));
  return file;
}
