import type { PastSeries, RestRequest } from '../venues/contract.ts';

/* Determines which past records a job fetches from a venue, and where an interrupted job resumes. */

/** Reports an argument that cannot be used; the message names it and what is allowed. */
export class HistoryRefused extends Error {
  override readonly name = 'HistoryRefused';
}

/** Sends a request within the venue's budget, with retries. */
export type Ask = <T>(request: RestRequest<T>) => Promise<T>;

/** Times in milliseconds since 1970; at least one of the three is set. */
export interface HistoryRange {
  /** Beginning, inclusive; undefined: the last `limit` records before `toMs`. */
  readonly fromMs: number | undefined;
  /** End, exclusive; undefined: up to the last record. */
  readonly toMs: number | undefined;
  /** Maximum number of records: the first ones from `fromMs` on, or without it the last ones. */
  readonly limit: number | undefined;
}

/** First and last place (trade id or open time) in a series, both inclusive; empty if `end` is before `begin`. */
export interface HistorySpan {
  readonly begin: number;
  readonly end: number;
}

/** Asks the venue for the places of a time range's first and last record; undefined if it has no record there. */
export async function historySpan(
  series: PastSeries,
  { fromMs, toMs, limit }: HistoryRange,
  ask: Ask,
): Promise<HistorySpan | undefined> {
  // The last record is requested first. If no record at or after `toMs` is found then, the last one is before `toMs`.
  const latest = await ask(series.latest);
  const after = toMs === undefined ? undefined : await ask(series.firstFrom(toMs));
  const end = after === undefined ? latest : series.step(after, -1);
  if (end === undefined) return undefined;
  if (fromMs === undefined) return { begin: Math.max(0, series.step(end, 1 - (limit ?? 1))), end };
  const begin = await ask(series.firstFrom(fromMs));
  if (begin === undefined) return undefined;
  return { begin, end: limit === undefined ? end : Math.min(end, series.step(begin, limit - 1)) };
}

export interface PreviousHistory {
  readonly last: number;
  /** True if the last record is a candle that was still open. It is fetched again. */
  readonly lastIsOpen: boolean;
  /** Place of the first record of the run that has no gap up to the last record; undefined if unknown. */
  readonly unbrokenFrom: number | undefined;
}

export interface ResumePoint {
  /** The first place to fetch; after the span's end if nothing is left to do. */
  readonly from: number;
  readonly unbrokenFrom: number;
  /** True if records between the folder's last one and the span are missing. */
  readonly leavesGap: boolean;
}

/**
 * Returns where to resume, so that each record is written once; undefined if the span begins, or may begin, before the
 * folder's records.
 */
export function resumePoint(
  { begin }: HistorySpan,
  previous: PreviousHistory | undefined,
  { step }: Pick<PastSeries, 'step'>,
): ResumePoint | undefined {
  if (previous === undefined) return { from: begin, unbrokenFrom: begin, leavesGap: false };
  const { last, lastIsOpen, unbrokenFrom } = previous;
  const next = step(last, 1);
  if (begin > next) return { from: begin, unbrokenFrom: begin, leavesGap: true };
  // If the job of the note wrote no record, the note says nothing about earlier records.
  const known = unbrokenFrom !== undefined && unbrokenFrom <= last;
  if (begin > last && !known) return { from: begin, unbrokenFrom: begin, leavesGap: false };
  if (!known || begin < unbrokenFrom) return undefined;
  return { from: lastIsOpen ? last : next, unbrokenFrom, leavesGap: false };
}
