import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';

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

const TICKS_PER_SECOND = 100;
const STOP_WITHIN_MS = 10_000;

/** Starts Node on a file. What it writes goes to `logFile`. */
export function startSubject(args: readonly string[], logFile: string): Subject {
  const log = createWriteStream(logFile);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  void exited.then(() => process.off('exit', kill));
  return {
    ended: exited,
    async cpuSeconds() {
      const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
      // after the name in brackets, which may hold anything: fields 14 and 15 of proc(5), from field 3 on
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    async memory() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
      return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
    },
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
