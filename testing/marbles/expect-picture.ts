import type { Observable } from 'rxjs';
import { courseOf, endOf, type MarblePicture } from '../../scripts/marble-picture.ts';
import { type MarbleHelpers, marbles } from './marbles.ts';

/**
 * Runs an operator on the inputs of its marble picture, and expects the picture's result at the same columns. Inputs
 * with a `from` must be subscribed to at that time.
 */
export function expectPicture<I, O>(
  picture: MarblePicture<I, O>,
  run: (inputs: readonly Observable<I>[], helpers: MarbleHelpers) => Observable<O>,
): void {
  marbles((helpers) => {
    const { cold, hot, expectObservable, expectSubscriptions } = helpers;
    const end = endOf(picture.result);
    // In a row without values, each marble is its own value.
    const inputs = picture.inputs.map(({ marbles, values, from }) =>
      (from === undefined ? hot : cold)<I>(marbles, values as Record<string, I>),
    );
    const result$ = run(inputs, helpers);
    expectObservable(result$, `${end}ms !`).toBe(picture.result.marbles, picture.result.values);
    for (const [index, row] of picture.inputs.entries()) {
      if (row.from === undefined) continue;
      const { terminatedAt = end } = courseOf(row);
      const subscribed = `${row.from}ms ^ ${terminatedAt - row.from - 1}ms !`;
      expectSubscriptions(inputs[index]?.subscriptions ?? []).toBe(subscribed);
    }
  });
}
