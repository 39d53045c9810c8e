import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { cpuSecondsOf, memoryOf } from './process-figures.ts';

/** A program under test: an ordinary process, watched from outside. */
export interface Subject {
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

/** Starts Node, or another interpreter, on a file. What it writes goes to `logFile`. */
export function startSubject(args: readonly string[], logFile: string, command = process.execPath): Subject {
  const log = createWriteStream(logFile);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  void exited.then(() => process.off('exit', kill));
  return {
    ended: exited,
    cpuSeconds: () => cpuSecondsOf(child.pid ?? 0),
    memory: () => memoryOf(child.pid ?? 0),
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
