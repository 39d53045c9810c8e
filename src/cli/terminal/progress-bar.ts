import { duration } from '../../domain/duration.ts';

const BAR_COLUMNS = 24;

/**
 * Formats progress: `  40 s left  52%  [############------------]`. `share`: the part that is done, 0 to 1. `leftMs`:
 * undefined if it is not known.
 */
export function progressBar(share: number, leftMs: number | undefined): string {
  const done = Math.min(1, share);
  const full = Math.floor(done * BAR_COLUMNS);
  const left = leftMs === undefined ? '' : `  ${duration(leftMs)} left`;
  return `${left} ${`${Math.floor(done * 100)}%`.padStart(4)}  [${'#'.repeat(full)}${'-'.repeat(BAR_COLUMNS - full)}]`;
}
