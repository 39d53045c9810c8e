import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog } from '../../../src/gateway/stream/backlog.ts';
import { Item } from '../../../src/gateway/stream/stream-channels.ts';

const itemOf = (id: number, symbol: string) => new Item(symbol, symbol, () => id);
const idsOf = (items: readonly Item[]) => items.map(({ text }) => Number(text));

/** A number takes that many items; a text adds an item of that symbol. */
const steps = fc.array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom('A', 'B') }, fc.integer({ min: 0, max: 5 })));

describe('Backlog that keeps all items', () => {
  it('keeps the newest items in order, and counts the dropped items by symbol', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 6 }), (all, size) => {
        const backlog = new Backlog('all', size);
        let waiting: { id: number; symbol: string }[] = [];
        const missed = { A: 0, B: 0 };
        const counted = { A: 0, B: 0 };
        for (const [id, step] of all.entries()) {
          if (typeof step === 'string') {
            backlog.add(itemOf(id, step));
            waiting.push({ id, symbol: step });
            for (const { symbol } of waiting.slice(0, -size)) missed[symbol as 'A' | 'B']++;
            waiting = waiting.slice(-size);
          } else {
            for (const [symbol, count] of backlog.takeMissed()) counted[symbol as 'A' | 'B'] += count;
            expect(idsOf(backlog.take(step))).toEqual(waiting.slice(0, step).map((item) => item.id));
            waiting = waiting.slice(step);
            expect(counted).toEqual(missed);
          }
          expect(backlog.isEmpty).toBe(waiting.length === 0);
        }
      }),
    );
  });
});

it('a backlog is not empty while it has missed items to report', () => {
  const backlog = new Backlog('all', 1);
  for (const id of [1, 2]) backlog.add(itemOf(id, 'A'));
  backlog.take(1);
  expect(backlog.isEmpty).toBe(false);
  expect(backlog.takeMissed()).toEqual(new Map([['A', 1]]));
  expect(backlog.isEmpty).toBe(true);
});

describe('Backlog that keeps the newest item of each key', () => {
  it('returns the newest item of each key, oldest first, and counts no missed items', () => {
    const backlog = new Backlog('newest', 10);
    for (const [id, symbol] of ['A', 'B', 'A', 'C'].entries()) backlog.add(itemOf(id, symbol));
    expect(idsOf(backlog.take(2))).toEqual([2, 1]);
    expect(backlog.isEmpty).toBe(false);
    expect(idsOf(backlog.take(2))).toEqual([3]);
    expect(backlog.isEmpty).toBe(true);
    expect(backlog.takeMissed().size).toBe(0);
  });

  it('drops the oldest items beyond its size', () => {
    const backlog = new Backlog('newest', 10);
    for (let id = 0; id < 20; id++) backlog.add(itemOf(id, String(id)));
    const waiting = idsOf(backlog.take(Number.POSITIVE_INFINITY));
    expect(waiting).toHaveLength(10);
    expect(waiting[0]).toBe(10);
  });
});
