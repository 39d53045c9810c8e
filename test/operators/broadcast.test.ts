import { expect, it } from 'vitest';
import { Broadcast } from '../../src/operators/broadcast.ts';

it('Broadcast emits each value only to the subscribers of that moment', () => {
  const broadcast = new Broadcast<number>();
  const seen: string[] = [];
  broadcast.next(0);
  const first = broadcast.values$.subscribe((value) => seen.push(`first ${value}`));
  broadcast.values$.subscribe((value) => {
    seen.push(`second ${value}`);
    first.unsubscribe();
  });
  broadcast.next(1);
  broadcast.next(2);
  expect(seen).toEqual(['first 1', 'second 1', 'second 2']);
});

it('Broadcast does not emit a value to a subscriber that was added during its emission', () => {
  const broadcast = new Broadcast<number>();
  const seen: string[] = [];
  broadcast.values$.subscribe((value) => {
    seen.push(`first ${value}`);
    if (value === 1) broadcast.values$.subscribe((later) => seen.push(`second ${later}`));
  });
  broadcast.next(1);
  broadcast.next(2);
  expect(seen).toEqual(['first 1', 'first 2', 'second 2']);
});

it('Broadcast completes all subscribers', () => {
  const broadcast = new Broadcast<number>();
  let completed = 0;
  broadcast.values$.subscribe({ complete: () => completed++ });
  broadcast.values$.subscribe({ complete: () => completed++ });
  broadcast.complete();
  expect(completed).toBe(2);
});
