/** An age or a duration: `12 ms`, `1.2 s`, `3 m 05 s`, `2 h 10 m`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  return longDuration(ms);
}

/** The same for what is painted anew again and again: whole seconds at least. */
export function age(ms: number | null): string {
  if (ms === null) return '–';
  return ms < 1000 ? '< 1 s' : longDuration(ms);
}

/** One place below ten milliseconds; negative where clocks differ. */
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

function longDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours} h ${String(minutes % 60).padStart(2, '0')} m`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
