import { Fault } from '../../domain/fault.ts';
import type { Outcome, OutRecord } from '../contract.ts';

/** A batch by what became of its records, each list in its order. */
export interface SortedOutcomes {
  readonly delivered: readonly OutRecord[];
  readonly rejected: readonly { readonly record: OutRecord; readonly fault: Fault }[];
  /** To be tried again, … */
  readonly again: readonly OutRecord[];
  /** … because of this (the first one's fault), … */
  readonly fault: Fault | undefined;
  /** … in so many milliseconds at the earliest. */
  readonly afterMs: number;
}

/** A record without an outcome is tried again. */
export function sortOutcomes(batch: readonly OutRecord[], outcomes: readonly Outcome[], sink: string): SortedOutcomes {
  if (outcomes.length === batch.length && outcomes.every(({ kind }) => kind === 'delivered'))
    return { delivered: batch, rejected: [], again: [], fault: undefined, afterMs: 0 };
  const delivered: OutRecord[] = [];
  const rejected: { record: OutRecord; fault: Fault }[] = [];
  const again: OutRecord[] = [];
  let first: Fault | undefined;
  let afterMs = 0;
  for (const [index, record] of batch.entries()) {
    const outcome = outcomes[index] ?? {
      kind: 'retry',
      fault: new Fault('internal', `sink ${sink}: no outcome for a record`),
    };
    if (outcome.kind === 'delivered') {
      delivered.push(record);
    } else if (outcome.kind === 'rejected') {
      rejected.push({ record, fault: outcome.fault });
    } else {
      again.push(record);
      first ??= outcome.fault;
      afterMs = Math.max(afterMs, outcome.afterMs ?? 0);
    }
  }
  return { delivered, rejected, again, fault: first, afterMs };
}
