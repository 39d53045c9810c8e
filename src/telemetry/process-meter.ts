import { readdirSync, readFileSync } from 'node:fs';

/* Measures this process for its metrics: CPU time, memory, start and open files. */

export interface ProcessMetrics {
  /** CPU time since the process start, user and system. */
  readonly cpuMs: number;
  /** Null if the system does not provide it, or no more files can be opened. */
  readonly residentBytes: number | null;
  /** Start of the process, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Number of open files; null as above. */
  readonly openFiles: number | null;
  /** The soft limit of `openFiles`; null if there is none. */
  readonly maxOpenFiles: number | null;
}

/** Returns a function that measures the whole process, from any of its threads. */
export function createProcessMeter(wallClockMs: () => number): () => ProcessMetrics {
  // Computed once: each computation would differ a little.
  const startedAtMs = Math.round(wallClockMs() - process.uptime() * 1000);
  const maxOpenFiles = softLimitOfFiles();
  return () => {
    const { user, system } = process.cpuUsage();
    return {
      cpuMs: (user + system) / 1000,
      residentBytes: unlessMissing(() => process.memoryUsage.rss()),
      startedAtMs,
      openFiles: unlessMissing(() => readdirSync('/proc/self/fd').length),
      maxOpenFiles,
    };
  };
}

function softLimitOfFiles(): number | null {
  const limits = unlessMissing(() => readFileSync('/proc/self/limits', 'utf8'));
  const soft = /^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1];
  return soft === undefined ? null : Number(soft);
}

/** Returns null if the files of `/proc` are missing, or cannot be opened because too many are open. */
function unlessMissing<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
