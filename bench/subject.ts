import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { cpuSecondsOf, memoryOf } from './process-usage.ts';

/** A program under test: an ordinary process, watched from outside. */
export interface Subject {
  readonly pid: number;
  /** CPU seconds that all its threads have used. */
  cpuSeconds(): Promise<number>;
  /** Resident memory now and at its highest, MiB. */
  memory(): Promise<{ readonly now: number; readonly peak: number }>;
  /** The exit code, when the process has ended; null if it was killed. */
  readonly ended: Promise<number | null>;
  /** Sends SIGTERM and returns the exit code; null if the process had to be killed. */
  stop(): Promise<number | null>;
}

const STOP_WITHIN_MS = 10_000;

interface SubjectOptions {
  /** The interpreter; by default the Node that runs the bench. */
  readonly command?: string;
  /** Environment variables in addition to this process's. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts Node, or another interpreter, with a file. Its output goes to `logFile`. */
export function startSubject(
  args: readonly string[],
  logFile: string,
  { command = process.execPath, environment = {} }: SubjectOptions = {},
): Subject {
  const log = createWriteStream(logFile);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  void exited.then(() => process.off('exit', kill));
  const { pid = 0 } = child;
  return {
    pid,
    ended: exited,
    cpuSeconds: () => cpuSecondsOf(pid),
    memory: () => memoryOf(pid),
    async stop() {
      child.kill('SIGTERM');
      const killTimer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      const code = await exited;
      clearTimeout(killTimer);
      log.end();
      await finished(log);
      return code;
    },
  };
}
