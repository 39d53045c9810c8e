import { type OptionValues, UsageError } from './command.ts';

export type Start = 'beginning' | 'end' | { readonly timeMs: number };

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DAY_MS = 86_400_000;

export const TIME_ALLOWED = 'a time such as 2026-11-21T08:30:00Z, 08:30 (UTC) or -10m, or milliseconds since 1970';

/** Parses `--from`. @throws UsageError */
export function startTime(text: string, nowMs: number): Start {
  if (text === 'beginning' || text === 'end') return text;
  const timeMs = parseTime(text, nowMs);
  if (timeMs === undefined) throw new UsageError(`--from: found "${text}", allowed: beginning, end, ${TIME_ALLOWED}`);
  return { timeMs };
}

/**
 * Parses a date, a time of day (the latest in the past), an age such as `-10m`, or milliseconds since 1970; in UTC.
 * Returns milliseconds since 1970, or undefined for other texts.
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  const timeMs = ago(text, nowMs) ?? timeOfDay(text, nowMs) ?? absolute(text);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** Parses an option as a time after 1970, milliseconds. @throws UsageError */
export function timeOption(options: OptionValues, name: string, nowMs: number): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const time = parseTime(text, nowMs);
  if (time !== undefined && time > 0) return time;
  throw new UsageError(`--${name}: found "${text}", allowed: ${TIME_ALLOWED}`);
}

function ago(text: string, nowMs: number): number | undefined {
  const [, count, unit = ''] = /^-(\d{1,6})([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : nowMs - Number(count) * (UNITS_MS[unit] ?? Number.NaN);
}

function timeOfDay(text: string, nowMs: number): number | undefined {
  if (!/^\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?$/.test(text)) return undefined;
  const today = Date.parse(`${new Date(nowMs).toISOString().slice(0, 10)}T${text}Z`);
  return today > nowMs ? today - DAY_MS : today;
}

function absolute(text: string): number {
  if (/^\d{13}$/.test(text)) return Number(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return Number.NaN;
  const zoned = text.length <= 10 || /(?:Z|[+-]\d\d:?\d\d)$/i.test(text.slice(10));
  return Date.parse(zoned ? text : `${text.replace(' ', 'T')}Z`);
}
