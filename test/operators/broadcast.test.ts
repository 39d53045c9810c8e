import { expect, it } from 'vitest';
import { Broadcast } from '../../src/operators/broadcast.ts';

it('hands each value to all who are subscribed at that moment, and to nobody else', () => {
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

it('gives a value to those who were there when it came, also if one of them subscribes another', () => {
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

it('completes all who are subscribed', () => {
  const broadcast = new Broadcast<number>();
  let completed = 0;
  broadcast.values$.subscribe({ complete: () => completed++ });
  broadcast.values$.subscribe({ complete: () => completed++ });
  broadcast.complete();
  expect(completed).toBe(2);
});
