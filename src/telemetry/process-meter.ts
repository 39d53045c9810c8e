import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessMetrics {
  /** User and system. */
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** Since 1970. */
  readonly startedAtMs: number;
  /** Null if the system does not provide it. */
  readonly openFiles: number | null;
  readonly mostFiles: number | null;
}

/** Measures the whole process, from any of its threads. */
export function processMeter(wallClockMs: () => number): () => ProcessMetrics {
  // Computed once: each computation would differ a little.
  const startedAtMs = Math.round(wallClockMs() - process.uptime() * 1000);
  const mostFiles = mostOpenFiles();
  return () => {
    const { user, system } = process.cpuUsage();
    return {
      cpuMs: (user + system) / 1000,
      residentBytes: process.memoryUsage.rss(),
      startedAtMs,
      openFiles: unlessMissing(() => readdirSync('/proc/self/fd').length),
      mostFiles,
    };
  };
}

function mostOpenFiles(): number | null {
  const limits = unlessMissing(() => readFileSync('/proc/self/limits', 'utf8'));
  const soft = /^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1];
  return soft === undefined ? null : Number(soft);
}

/** Only Linux has these files. */
function unlessMissing<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
