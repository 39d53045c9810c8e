import { readdir, readFile } from 'node:fs/promises';

/* Reads the CPU time, memory and open files of a process from /proc, and the machine's CPU time. */

const TICKS_PER_SECOND = 100;

/** CPU seconds that all threads of a process have used. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const { user, system } = await secondsIn(`/proc/${pid}/stat`);
  return user + system;
}

interface CpuSeconds {
  readonly user: number;
  /** Seconds in the kernel. */
  readonly system: number;
}

/** CPU seconds of the main thread of a process, on which Node runs JavaScript. */
export function mainThreadSecondsOf(pid: number): Promise<CpuSeconds> {
  return secondsIn(`/proc/${pid}/task/${pid}/stat`);
}

async function secondsIn(file: string): Promise<CpuSeconds> {
  const stat = await readFile(file, 'utf8');
  // Fields 14 and 15 of proc(5). The name in brackets may contain anything, so the split begins after it, at field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) / TICKS_PER_SECOND, system: Number(fields[12]) / TICKS_PER_SECOND };
}

/** CPU seconds that everything on the machine has used, kernel and interrupts included, since it was started. */
export async function machineCpuSeconds(): Promise<number> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** Resident memory of a process now and at its highest, MiB. */
export async function memoryOf(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
}

/** Open file descriptors of a process: files, sockets, pipes. */
export async function handlesOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}
