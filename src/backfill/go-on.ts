import type { PastSeries } from '../venues/contract.ts';
import type { HistorySpan } from './history-span.ts';

/** What a folder has of a series. */
export interface FormerHistory {
  /** Place of its last record. */
  readonly last: number;
  /** That is a candle which was still open, so it is to be fetched again. */
  readonly lastIsOpen: boolean;
  /** Where the unbroken run begins that the last record ends; undefined where nothing tells. */
  readonly runBegin: number | undefined;
}

export interface GoingOn {
  /** The first place to fetch; behind the span's end where there is nothing to do. */
  readonly from: number;
  readonly runBegin: number;
  /** What the folder had ends before the span begins: records between are in neither. */
  readonly leavesHole: boolean;
}

/**
 * Where fetching a span goes on in a folder, so that nothing is there twice and nothing of the span is missing; undefined
 * where it cannot, as a part of the span lies before what the folder has, and files only grow at their end.
 */
export function goOn(
  { begin }: HistorySpan,
  former: FormerHistory | undefined,
  { step }: Pick<PastSeries, 'step'>,
): GoingOn | undefined {
  if (former === undefined) return { from: begin, runBegin: begin, leavesHole: false };
  const { last, lastIsOpen, runBegin } = former;
  const next = step(last, 1);
  if (begin > next) return { from: begin, runBegin: begin, leavesHole: true };
  // A run that was begun, of which nothing was written yet, says nothing of what is before it.
  const known = runBegin !== undefined && runBegin <= last;
  if (begin > last && !known) return { from: begin, runBegin: begin, leavesHole: false };
  if (!known || begin < runBegin) return undefined;
  return { from: lastIsOpen ? last : next, runBegin, leavesHole: false };
}
