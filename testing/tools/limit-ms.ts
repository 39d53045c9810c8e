import { isLong } from './is-long.ts';

/**
 * The longest time in milliseconds that a test allows for something quick. `make faults` runs alone: there the limit holds
 * as it is. In the suite, several processes share each core and may wait seconds for their turn: there it is wider.
 */
export function limitMs(ms: number): number {
  return isLong ? ms : 4 * ms + 1000;
}
