import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { cpuSecondsOf, memoryOf } from './process-figures.ts';

/** A program under test: an ordinary process, watched from outside. */
export interface Subject {
  readonly pid: number;
  /** CPU seconds that all its threads have used. */
  cpuSeconds(): Promise<number>;
  /** Resident memory now and at its highest, MiB. */
  memory(): Promise<{ readonly now: number; readonly peak: number }>;
  /** Its exit code, once it has ended; null where it was killed. */
  readonly ended: Promise<number | null>;
  /** Asks it to end; its exit code, null where it had to be killed. */
  stop(): Promise<number | null>;
}

const STOP_WITHIN_MS = 10_000;

interface SubjectOptions {
  /** What interprets the file; this Node by default. */
  readonly command?: string;
  /** Beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts Node, or another interpreter, on a file. What it writes goes to `logFile`. */
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
      const axe = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      const code = await exited;
      clearTimeout(axe);
      log.end();
      await finished(log);
      return code;
    },
  };
}
