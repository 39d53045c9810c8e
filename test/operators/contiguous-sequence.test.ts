import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContiguousSequence, type Sequenced } from '../../src/operators/contiguous-sequence.ts';

interface Trade {
  readonly first: number;
  readonly last: number;
  readonly at: number;
}

const access = {
  first: (trade: Trade) => trade.first,
  last: (trade: Trade) => trade.last,
  timestamp: (trade: Trade) => trade.at,
};
const trade = (first: number, at = first, last = first): Trade => ({ first, last, at });
const create = (maxHeld = 100) => new ContiguousSequence(access, maxHeld);

function told(sequenced: readonly Sequenced<Trade>[]): string {
  return sequenced
    .map((item) =>
      item.kind === 'value'
        ? `${item.value.first}`
        : item.kind === 'hole'
          ? `(${item.hole.before.last},${item.hole.after.first}):${item.hole.missing}${item.hole.filled === 0 ? '' : ` filled ${item.hole.filled}`}`
          : `reset ${item.value.first}`,
    )
    .join(' ');
}

/** Feeds values as the merge of the lines does: the hot path first. */
function feed(sequence: ContiguousSequence<Trade>, trades: readonly Trade[], now = 0): string {
  return trades
    .map((value) => (sequence.next(value) ? `${value.first}` : told(sequence.accept(value, now))))
    .filter((text) => text !== '')
    .join(' ');
}

describe('ContiguousSequence', () => {
  it('passes ids that step by one, from any start, and drops repeats of a slower line', () => {
    const sequence = create();
    expect(
      feed(
        sequence,
        [7, 8, 7, 9, 8, 9, 10].map((id) => trade(id)),
      ),
    ).toBe('7 8 9 10');
    expect(sequence.duplicates).toBe(3);
  });

  it('holds what lies behind a hole until the other line fills it', () => {
    const sequence = create();
    expect(feed(sequence, [trade(1), trade(2), trade(5), trade(4)], 30)).toBe('1 2');
    expect(sequence.heldSince).toBe(30);
    expect(feed(sequence, [trade(3)])).toBe('3 4 5');
    expect(sequence.heldSince).toBeUndefined();
  });

  it('reports every hole, with what is missing, when it lets go', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(4), trade(5), trade(9)]);
    expect(told(sequence.release())).toBe('(1,4):2 4 5 (5,9):3 9');
    expect(feed(sequence, [trade(10), trade(2)])).toBe('10');
  });

  it('lets go by itself when it holds too many', () => {
    expect(feed(create(2), [trade(1), trade(3), trade(4), trade(6)])).toBe('1 (1,3):1 3 4 (4,6):1 6');
  });

  it('counts an aggregate for all ids up to its last', () => {
    const sequence = create();
    expect(feed(sequence, [trade(1, 1, 3), trade(4, 4, 4), trade(7, 7, 9), trade(5, 5, 6)])).toBe('1 4 5 7');
  });

  it('takes a smaller id with a later timestamp for a reset, and one with a time already seen for a repeat', () => {
    const sequence = create();
    expect(feed(sequence, [trade(1000, 50), trade(1001, 51), trade(3, 51), trade(5, 60), trade(6, 61)])).toBe(
      '1000 1001 reset 5 5 6',
    );
  });

  it('lets go what it holds before a reset', () => {
    expect(feed(create(), [trade(1000, 50), trade(1002, 51), trade(5, 60)])).toBe('1000 (1000,1002):1 1002 reset 5 5');
  });

  it('is filled with fetched values, and reports the hole right before the first value behind it', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(4), trade(5)]);
    expect(sequence.hole).toEqual({ before: trade(1), after: trade(4) });
    expect(told(sequence.fill([3, 2, 4, 1].map((id) => trade(id))))).toBe('2 3 (1,4):2 filled 2 4 5');
    expect(sequence.hole).toBeUndefined();
    expect(feed(sequence, [trade(6)])).toBe('6');
  });

  it('fills holes one after the other, and reports what could not be filled', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(4), trade(7)]);
    expect(told(sequence.fill([trade(2), trade(3)]))).toBe('2 3 (1,4):2 filled 2 4');
    expect(sequence.hole).toEqual({ before: trade(4), after: trade(7) });
    expect(told(sequence.fill([trade(5)]))).toBe('5');
    expect(told(sequence.release())).toBe('(4,7):2 filled 1 7');
  });

  it('takes only aggregates that lie wholly inside the hole', () => {
    const sequence = create();
    feed(sequence, [trade(3), trade(9)]);
    expect(told(sequence.fill([trade(2, 2, 4), trade(4, 4, 6), trade(7, 7, 9)]))).toBe('4');
    expect(told(sequence.release())).toBe('(3,9):5 filled 3 9');
  });

  it('a hole that was filled in part and completed by another line is reported as filled in part', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(4)]);
    expect(told(sequence.fill([trade(2)]))).toBe('2');
    expect(feed(sequence, [trade(3)])).toBe('3 (1,4):2 filled 1 4');
  });

  it('gives the journal, less reported holes, for any loss, repetition and reordering within two lines', () => {
    const delivery = fc.array(
      fc.record({ drop: fc.integer({ min: 0, max: 9 }), repeat: fc.boolean(), delay: fc.integer({ min: 0, max: 4 }) }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(delivery, (plan) => {
        const arrivals = plan
          .flatMap(({ drop, repeat, delay }, index) =>
            drop === 0
              ? []
              : repeat
                ? [
                    { index, at: index + delay },
                    { index, at: index + 2 * delay },
                  ]
                : [{ index, at: index + delay }],
          )
          .sort((a, b) => a.at - b.at);
        const sequence = create(1000);
        const out: number[] = [];
        const holes: [number, number][] = [];
        const take = (sequenced: readonly Sequenced<Trade>[]) => {
          for (const item of sequenced) {
            if (item.kind === 'value') out.push(item.value.first);
            else if (item.kind === 'hole') holes.push([item.hole.before.last, item.hole.after.first]);
          }
        };
        for (const { index } of arrivals) {
          const value = trade(100 + index, 5);
          if (sequence.next(value)) out.push(value.first);
          else take(sequence.accept(value, 0));
        }
        take(sequence.release());
        expect(out).toEqual([...new Set(out)].sort((a, b) => a - b));
        const arrived = new Set(arrivals.map(({ index }) => 100 + index));
        const first = out[0] ?? 0;
        for (let id = first; id <= (out.at(-1) ?? -1); id++) {
          const inHole = holes.some(([from, to]) => id > from && id < to);
          expect(out.includes(id)).toBe(!inHole);
          if (arrived.has(id)) expect(inHole).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
