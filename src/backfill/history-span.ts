import type { PastSeries, RestRequest } from '../venues/contract.ts';

/** Asks a venue, within its budget and with its patience. */
export type Ask = <T>(request: RestRequest<T>) => Promise<T>;

/** What is wanted of a series. Times in milliseconds since 1970; at least one of the three is given. */
export interface HistoryRange {
  /** Inclusive. */
  readonly fromMs: number | undefined;
  /** Exclusive; undefined: up to the last record that there is. */
  readonly toMs: number | undefined;
  /** So many at most: the first ones from `fromMs`, without it the last ones. */
  readonly limit: number | undefined;
}

/** The same as places of the series, both inclusive; nothing lies in it where `end` is before `begin`. */
export interface HistorySpan {
  readonly begin: number;
  readonly end: number;
}

/** Asks the venue for the places that a range comes to; undefined where it has nothing there. */
export async function historySpan(
  series: PastSeries,
  { fromMs, toMs, limit }: HistoryRange,
  ask: Ask,
): Promise<HistorySpan | undefined> {
  // Asked first: where nothing is behind `toMs` after that, the last one is before it.
  const latest = await ask(series.latest);
  const behind = toMs === undefined ? undefined : await ask(series.firstFrom(toMs));
  const end = behind === undefined ? latest : series.step(behind, -1);
  if (end === undefined) return undefined;
  if (fromMs === undefined) return { begin: Math.max(0, series.step(end, 1 - (limit ?? 1))), end };
  const begin = await ask(series.firstFrom(fromMs));
  if (begin === undefined) return undefined;
  return { begin, end: limit === undefined ? end : Math.min(end, series.step(begin, limit - 1)) };
}
