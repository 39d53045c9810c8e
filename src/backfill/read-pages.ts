import { Fault } from '../domain/fault.ts';
import type { PastPage, PastSeries, PlacedRecord } from '../venues/contract.ts';
import type { Ask } from './history-span.ts';

/** How often a record that must exist is requested again; the pauses grow by a second. */
const PATIENCE = 5;
const PAUSE_MS = 1000;

export interface ReadPagesOptions {
  readonly series: PastSeries;
  /** First and last place (trade id or open time) to read, both inclusive; the venue has a record at the last place. */
  readonly from: number;
  readonly end: number;
  /** True if `from` was calculated, so that missing records at the beginning are not a gap. */
  readonly isBeginning: boolean;
  readonly ask: Ask;
  /** Milliseconds since 1970, by the venue's clock. */
  readonly venueNowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** A page whose records are in order, and how many of its records the venue left out. */
export interface CheckedPage {
  readonly rows: readonly PlacedRecord[];
  readonly next: number;
  /** Number of records that the venue left out before and among `rows`, as far as their places show. */
  readonly missing: number;
}

/** Reads a series page by page, each record once. @throws Fault */
export async function* readPages(options: ReadPagesOptions): AsyncGenerator<CheckedPage, void, undefined> {
  const { series, end, ask, venueNowMs, pause } = options;
  let at = options.from;
  let first = options.isBeginning;
  let waits = 0;
  while (at <= end) {
    const page = await ask(series.page(at, end, venueNowMs()));
    if (page.next <= at) {
      // Past trades appear at the venue a little late, so the page is requested again.
      waits++;
      if (waits > PATIENCE)
        throw new Fault('unavailable', `the venue has no record at ${at}, but its last one is at ${end}`);
      await pause(waits * PAUSE_MS);
      continue;
    }
    waits = 0;
    requireOrder(page, at);
    const start = first ? (page.rows[0]?.place ?? page.next) : at;
    const expected = Math.min(page.next - 1, end) - start + 1;
    first = false;
    at = page.next;
    yield { rows: page.rows, next: at, missing: series.contiguous ? Math.max(0, expected - page.rows.length) : 0 };
  }
}

function requireOrder({ rows }: PastPage, from: number): void {
  let last = from - 1;
  for (const { place } of rows) {
    if (place <= last)
      throw new Fault('malformed', `the answer has the record at ${place} after the record at ${last}`, {
        retry: { kind: 'never' },
      });
    last = place;
  }
}
