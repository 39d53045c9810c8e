import { EMPTY, from, map, mergeMap, of, throwError, timer, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { fanOut } from '../../../src/feed/publish/fan-out.ts';

const marbles = (test: Parameters<TestScheduler['run']>[0]) =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);
const upper = map((value: string) => value.toUpperCase());

describe('fanOut', () => {
  it('passes each value to every branch in turn, also from a synchronous source', () => {
    marbles(({ expectObservable }) => {
      const result$ = from(['a', 'b']).pipe(
        fanOut(
          upper,
          map((value) => `${value}2`),
        ),
        toArray(),
      );
      expectObservable(result$).toBe('(r|)', { r: ['A', 'a2', 'B', 'b2'] });
    });
  });

  it('completes when the source and every branch have completed', () => {
    marbles(({ cold, expectObservable }) => {
      const source$ = cold(' -a-b|      ');
      const late = mergeMap((value: string) => timer(4).pipe(map(() => value)));
      const result$ = source$.pipe(fanOut(upper, late));
      expectObservable(result$).toBe('-A-B-a-(b|)');
    });
  });

  it('continues without a branch that completes before the source', () => {
    marbles(({ cold, expectObservable }) => {
      const result$ = cold('-a-b|').pipe(fanOut<string, string>(() => EMPTY, upper));
      expectObservable(result$).toBe('-A-B|');
    });
  });

  it('fails with the first error of a branch or of the source, and unsubscribes from the source', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a---b-c|');
      const fails = mergeMap((value: string) => (value === 'b' ? throwError(() => 'broken') : of(value)));
      expectObservable(source$.pipe(fanOut(upper, fails))).toBe('-(Aa)(B#)', undefined, 'broken');
      expectSubscriptions(source$.subscriptions).toBe('^----!');
      expectObservable(cold('-a#', undefined, 'lost').pipe(fanOut(upper))).toBe('-A#', undefined, 'lost');
    });
  });
});
