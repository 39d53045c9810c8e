import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sequenced } from '../../src/operators/contiguous-sequence.ts';
import { OverlapSequence } from '../../src/operators/overlap-sequence.ts';

const access = { compare: (a: number, b: number) => a - b, id: (value: number) => String(value) };
const create = (window = 100) => new OverlapSequence(access, window);

function told(sequenced: readonly Sequenced<number>[]): string {
  return sequenced
    .map((item) =>
      item.kind === 'value'
        ? `${item.value}`
        : item.kind === 'hole'
          ? `(${item.hole.before},${item.hole.after}):${item.hole.missing ?? '?'}`
          : '',
    )
    .join(' ');
}

function feed(sequence: OverlapSequence<number>, line: number, ...values: number[]): string {
  return values
    .map((value) => (sequence.next(line, value) ? `${value}` : told(sequence.accept(line, value))))
    .filter((text) => text !== '')
    .join(' ');
}

describe('OverlapSequence', () => {
  it('of lines in step the first arrival wins, ids may jump', () => {
    const sequence = create();
    sequence.joined(1);
    sequence.joined(2);
    expect(feed(sequence, 1, 10, 13)).toBe('10 13');
    expect(feed(sequence, 2, 10, 13, 20)).toBe('20');
    expect(feed(sequence, 1, 20, 21)).toBe('21');
    expect(sequence.duplicates).toBe(3);
  });

  it('a joining line publishes only from the first value that the other line has delivered, too', () => {
    const sequence = create();
    sequence.joined(1);
    expect(feed(sequence, 1, 10, 13)).toBe('10 13');
    sequence.joined(2);
    expect(feed(sequence, 2, 17, 18)).toBe('');
    expect(feed(sequence, 1, 15, 17, 18)).toBe('15 17 18');
    expect(feed(sequence, 2, 18, 19)).toBe('19');
  });

  it('what a joining line holds is passed on when the line in step is lost, with a hole of unknown size', () => {
    const sequence = create();
    sequence.joined(1);
    feed(sequence, 1, 10, 13);
    sequence.joined(2);
    feed(sequence, 2, 17, 18);
    expect(told(sequence.lost(1))).toBe('(13,17):? 17 18');
    expect(feed(sequence, 2, 19)).toBe('19');
  });

  it('the loss of one of two lines in step is nothing', () => {
    const sequence = create();
    sequence.joined(1);
    sequence.joined(2);
    feed(sequence, 1, 10);
    feed(sequence, 2, 10);
    expect(told(sequence.lost(1))).toBe('');
    expect(feed(sequence, 2, 12)).toBe('12');
    sequence.joined(1);
    expect(feed(sequence, 1, 14)).toBe('');
    expect(feed(sequence, 2, 13, 14)).toBe('13 14');
  });

  it('after all lines were lost the next value follows a hole; a value known before shows that there is none', () => {
    const sequence = create();
    sequence.joined(1);
    feed(sequence, 1, 10, 11);
    sequence.lost(1);
    sequence.joined(1);
    expect(feed(sequence, 1, 15, 16)).toBe('(11,15):? 15 16');
    sequence.lost(1);
    sequence.joined(1);
    expect(feed(sequence, 1, 16, 17)).toBe('17');
  });

  it('a value behind a later one is not passed on but told as a hole of one, once', () => {
    const sequence = create();
    sequence.joined(1);
    sequence.joined(2);
    feed(sequence, 1, 10, 14);
    feed(sequence, 2, 10);
    expect(feed(sequence, 2, 12)).toBe('(10,14):1');
    expect(feed(sequence, 1, 12)).toBe('');
    expect(feed(sequence, 2, 5)).toBe('');
  });

  it('passes every value once and in order whatever two lines do, or names where it is missing', () => {
    const step = fc.record({
      line: fc.constantFrom(1, 2),
      kind: fc.constantFrom('deliver', 'deliver', 'deliver', 'deliver', 'deliver', 'deliver', 'skip', 'cut'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const sequence = create(1000);
        const journal = Array.from({ length: 200 }, (_, index) => 1000 + index * 3);
        // The next journal entry of each line; a cut line goes on where the faster one is.
        const next = new Map([
          [1, 0],
          [2, 0],
        ]);
        const out: number[] = [];
        const holes: [number, number][] = [];
        const take = (sequenced: readonly Sequenced<number>[]) => {
          for (const item of sequenced) {
            if (item.kind === 'value') out.push(item.value);
            else if (item.kind === 'hole') holes.push([item.hole.before, item.hole.after]);
          }
        };
        sequence.joined(1);
        sequence.joined(2);
        for (const { line, kind } of steps) {
          const at = next.get(line) as number;
          if (kind === 'cut') {
            take(sequence.lost(line));
            next.set(line, Math.max(at, next.get(3 - line) as number));
            sequence.joined(line);
            continue;
          }
          next.set(line, at + 1);
          const value = journal[at];
          if (kind === 'skip' || value === undefined) continue;
          if (sequence.next(line, value)) out.push(value);
          else take(sequence.accept(line, value));
        }
        expect(out).toEqual([...new Set(out)].sort((a, b) => a - b));
        for (const [from, to] of holes) expect(from).toBeLessThan(to);
      }),
      { numRuns: 2000 },
    );
  });
});
