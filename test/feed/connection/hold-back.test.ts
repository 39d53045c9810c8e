import { Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { HoldBack } from '../../../src/feed/connection/hold-back.ts';

it('hands on in order what came before it was opened, then all else at once', () => {
  const source$ = new Subject<string>();
  const held = new HoldBack<string>();
  const got: string[] = [];
  held.through$(source$).subscribe((value) => got.push(value));
  source$.next('a');
  source$.next('b');
  expect(got).toEqual([]);
  held.open();
  source$.next('c');
  expect(got).toEqual(['a', 'b', 'c']);
});

it('hands on what comes while it hands on behind that', () => {
  const source$ = new Subject<string>();
  const held = new HoldBack<string>();
  const got: string[] = [];
  held.through$(source$).subscribe((value) => {
    got.push(value);
    if (value === 'a') source$.next('again');
  });
  source$.next('a');
  source$.next('b');
  held.open();
  expect(got).toEqual(['a', 'b', 'again']);
});

it('lets the oldest go where too many wait, but nothing that must not be missed', () => {
  const held = new HoldBack<number>(10, (value) => value > 0);
  for (const value of [0, 1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10]) held.next(value);
  const got: number[] = [];
  held.open((value) => got.push(value));
  expect(got).toEqual([0, 3, 0, 4, 5, 6, 7, 8, 9, 10]);
});

it('ends with its source, and lets it go', () => {
  const source$ = new Subject<string>();
  const held = new HoldBack<string>();
  let ended = false;
  const subscription = held.through$(source$).subscribe({ complete: () => (ended = true) });
  expect(source$.observed).toBe(true);
  source$.complete();
  expect(ended).toBe(true);
  const other$ = new Subject<string>();
  const other = new HoldBack<string>().through$(other$).subscribe();
  other.unsubscribe();
  subscription.unsubscribe();
  expect(other$.observed).toBe(false);
});
