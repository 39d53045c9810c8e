import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { expect } from 'vitest';

export interface MarbleHelpers extends RunHelpers {
  /** Virtual time, as an operator's `scheduler`. */
  readonly scheduler: TestScheduler;
}

/** Runs a marble test in virtual time: one column is one millisecond. */
export function marbles(work: (helpers: MarbleHelpers) => void): void {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toStrictEqual(expected));
  scheduler.run((helpers) => work({ ...helpers, scheduler }));
}
