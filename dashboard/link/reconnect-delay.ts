const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/**
 * Milliseconds before the attempt with this number (from 1) to connect again. The delay doubles up to ten seconds;
 * `random` (0 to 1) chooses a value in its upper half.
 */
export function reconnectDelay(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.round(longest * (0.5 + random / 2));
}
