import { duration, wholeDuration } from '../../src/domain/duration.ts';

/** An age for a display that repaints often: whole seconds, `< 1 s` below one. */
export function age(ms: number | null): string {
  if (ms === null) return '–';
  return ms < 1000 ? '< 1 s' : wholeDuration(ms);
}

/** A latency with one decimal below 10 ms; negative if the clocks differ. */
export function latency(ms: number): string {
  if (Math.abs(ms) < 9.95) return `${ms.toFixed(1).replace('-0.0', '0.0')} ms`;
  return ms < 0 ? `−${duration(-ms)}` : duration(ms);
}

/** `14:03:07`, UTC. */
export function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

/** `14:03`, UTC. */
export function shortClock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 16);
}
