import type { Retry } from '../../domain/fault.ts';

const LONGEST_MS = 3 * 24 * 3_600_000;

/** What a `retry-after` header (seconds) asks for, from 1 s to 3 days; `defaultMs` where it is missing or no number. */
export function retryAfter(headers: Readonly<Record<string, string | undefined>>, defaultMs: number): Retry {
  const text = headers['retry-after']?.trim() ?? '';
  const afterMs = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : defaultMs;
  return { kind: 'after', afterMs: Math.min(Math.max(afterMs, 1_000), LONGEST_MS) };
}
