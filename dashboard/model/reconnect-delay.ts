const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/** Milliseconds before attempt `attempt` (from 1) to connect again: doubling up to ten seconds, then spread over its upper half by `random` (0 to 1). */
export function reconnectDelay(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.round(longest * (0.5 + random / 2));
}
