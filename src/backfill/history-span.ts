import type { PastSeries, RestRequest } from '../venues/contract.ts';

/** What is asked for cannot be had, and another argument could be: the message names it and what is allowed. */
export class HistoryRefused extends Error {
  override readonly name = 'HistoryRefused';
}

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

/** What a folder has of a series. */
export interface PreviousHistory {
  /** Place of its last record. */
  readonly last: number;
  /** That is a candle which was still open, so it is to be fetched again. */
  readonly lastIsOpen: boolean;
  /** Where the unbroken run begins that the last record ends; undefined: nobody knows. */
  readonly runBegin: number | undefined;
}

export interface GoingOn {
  /** The first place to fetch; behind the span's end where there is nothing to do. */
  readonly from: number;
  readonly runBegin: number;
  /** What the folder had ends before the span begins: records between are in neither. */
  readonly leavesGap: boolean;
}

/**
 * Where fetching a span goes on in a folder, so that each record is there once. Undefined if a part of the span lies
 * before what the folder has: files only grow at their end.
 */
export function goOn(
  { begin }: HistorySpan,
  previous: PreviousHistory | undefined,
  { step }: Pick<PastSeries, 'step'>,
): GoingOn | undefined {
  if (previous === undefined) return { from: begin, runBegin: begin, leavesGap: false };
  const { last, lastIsOpen, runBegin } = previous;
  const next = step(last, 1);
  if (begin > next) return { from: begin, runBegin: begin, leavesGap: true };
  // A run that was begun, of which nothing was written yet, says nothing of what is before it.
  const known = runBegin !== undefined && runBegin <= last;
  if (begin > last && !known) return { from: begin, runBegin: begin, leavesGap: false };
  if (!known || begin < runBegin) return undefined;
  return { from: lastIsOpen ? last : next, runBegin, leavesGap: false };
}
