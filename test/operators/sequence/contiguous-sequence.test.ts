import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContiguousSequence } from '../../../src/operators/sequence/contiguous-sequence.ts';
import type { Sequenced } from '../../../src/operators/sequence/id-sequence.ts';
import { runs } from '../../../testing/properties/seeds.ts';

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

function textOf(sequenced: readonly Sequenced<Trade>[]): string {
  return sequenced
    .map((item) => {
      if (item.kind === 'value') return `${item.value.first}`;
      if (item.kind === 'reset') return `reset ${item.before.id}>${item.value.first}`;
      const { before, after, missing, filled } = item.gap;
      const gap = `(${before.id},${after.first}):${missing}${filled === 0 ? '' : ` filled ${filled}`}`;
      return item.kind === 'pending' ? `pending ${gap}` : gap;
    })
    .join(' ');
}

/** Feeds values as the arbiter does: it tries the fast path, `next`, before `accept`. */
function feed(sequence: ContiguousSequence<Trade>, trades: readonly Trade[], now = 0): string {
  return trades
    .map((value) => (sequence.next(0, value) ? `${value.first}` : textOf(sequence.accept(0, value, now))))
    .filter((text) => text !== '')
    .join(' ');
}

describe('ContiguousSequence', () => {
  it('passes ids that step by one, from any first id, and drops duplicates of a slower line', () => {
    const sequence = create();
    expect(
      feed(
        sequence,
        [7, 8, 7, 9, 8, 9, 10].map((id) => trade(id)),
      ),
    ).toBe('7 8 9 10');
    expect(sequence.duplicates).toBe(3);
  });

  it('holds the values after a gap until another line fills the gap', () => {
    const sequence = create();
    expect(feed(sequence, [trade(1), trade(2), trade(5), trade(4)], 30)).toBe('1 2');
    expect(sequence.heldSince).toBe(30);
    expect(feed(sequence, [trade(3)])).toBe('3 4 5');
    expect(sequence.heldSince).toBeUndefined();
  });

  it('reports that no line can fill a gap that opened while all lines were lost', () => {
    const sequence = create();
    sequence.subscribed(1, 0);
    sequence.subscribed(2, 0);
    feed(sequence, [trade(1), trade(2)]);
    sequence.lost(1);
    expect(sequence.isFilledByLines).toBe(true);
    sequence.lost(2);
    sequence.subscribed(1, 10);
    sequence.subscribed(2, 10);
    expect(feed(sequence, [trade(5)], 20)).toBe('');
    expect(sequence.isFilledByLines).toBe(false);
    expect(textOf(sequence.fill([trade(3), trade(4)]))).toBe('3 4 (2,5):2 filled 2 5');
    expect(sequence.isFilledByLines).toBe(true);
  });

  it('reports every gap with the number of missing ids on release', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(4), trade(5), trade(9)]);
    expect(textOf(sequence.release())).toBe('(1,4):2 4 5 (5,9):3 9');
    expect(feed(sequence, [trade(10), trade(2)])).toBe('10');
  });

  it('releases by itself when it holds more than maxHeld values', () => {
    expect(feed(create(2), [trade(1), trade(3), trade(4), trade(6)])).toBe('1 (1,3):1 3 4 (4,6):1 6');
  });

  it('treats an aggregate as all ids from its first to its last', () => {
    const sequence = create();
    expect(feed(sequence, [trade(1, 1, 3), trade(4, 4, 4), trade(7, 7, 9), trade(5, 5, 6)])).toBe('1 4 5 7');
  });

  it('treats a smaller id as a reset if its timestamp is later than any before, else as a duplicate', () => {
    const sequence = create();
    expect(feed(sequence, [trade(1000, 50), trade(1001, 51), trade(3, 51), trade(5, 60), trade(6, 61)])).toBe(
      '1000 1001 reset 1001>5 5 6',
    );
  });

  it('releases the held values before a reset', () => {
    expect(feed(create(), [trade(1000, 50), trade(1002, 51), trade(5, 60)])).toBe(
      '1000 (1000,1002):1 1002 reset 1002>5 5',
    );
  });

  it('fills a gap with fetched values, and reports the gap right before the first value after it', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(4), trade(5)]);
    expect(sequence.gaps).toEqual([{ before: { id: '1', timestamp: 1 }, after: trade(4) }]);
    expect(sequence.waiting).toEqual(trade(4));
    expect(textOf(sequence.fill([3, 2, 4, 1].map((id) => trade(id))))).toBe('2 3 (1,4):2 filled 2 4 5');
    expect(sequence.gaps).toEqual([]);
    expect(sequence.waiting).toBeUndefined();
    expect(feed(sequence, [trade(6)])).toBe('6');
  });

  it('fills gaps one after another, and reports a partly filled gap on release', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(4), trade(7)]);
    expect(textOf(sequence.fill([trade(2), trade(3)]))).toBe('2 3 (1,4):2 filled 2 4');
    expect(sequence.gaps).toEqual([{ before: { id: '4', timestamp: 4 }, after: trade(7) }]);
    expect(textOf(sequence.fill([trade(5)]))).toBe('5');
    expect(textOf(sequence.release())).toBe('(4,7):2 filled 1 7');
  });

  it('accepts only fetched aggregates that lie completely inside the gap', () => {
    const sequence = create();
    feed(sequence, [trade(3), trade(9)]);
    expect(textOf(sequence.fill([trade(2, 2, 4), trade(4, 4, 6), trade(7, 7, 9)]))).toBe('4');
    expect(textOf(sequence.release())).toBe('(3,9):5 filled 3 9');
  });

  it('ends a partly filled gap at the first value that a line delivers later', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(5)]);
    expect(textOf(sequence.fill([trade(2)]))).toBe('2');
    expect(feed(sequence, [trade(3), trade(4)])).toBe('(1,3):1 filled 1 3 4 5');
    feed(sequence, [trade(9)]);
    expect(textOf(sequence.fill([trade(6)]))).toBe('6');
    expect(feed(sequence, [trade(8)])).toBe('');
    expect(textOf(sequence.release())).toBe('(5,8):2 filled 1 8 9');
  });

  it('keeps values fetched from the middle of a gap until the ids before them are filled or given up', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(9)]);
    expect(textOf(sequence.fill([trade(4), trade(6, 6, 7)]))).toBe('');
    expect(sequence.waiting).toEqual(trade(9));
    expect(sequence.gaps.map(({ before, after }) => [before.id, after.first])).toEqual([
      ['1', 4],
      ['4', 6],
      ['7', 9],
    ]);
    expect(textOf(sequence.fill([trade(3), undefined, trade(2)]))).toBe('2 3 4');
    expect(textOf(sequence.release())).toBe('(1,9):7 filled 5 6 9');
    expect(sequence.gaps).toEqual([]);
  });

  it('does not count fetched values towards maxHeld', () => {
    const sequence = create(2);
    feed(sequence, [trade(1), trade(9), trade(10)]);
    sequence.fill([3, 4, 5, 6, 7].map((id) => trade(id)));
    expect(sequence.heldSince).toBe(0);
    expect(textOf(sequence.accept(0, trade(11), 0))).toBe('(1,9):7 filled 5 3 4 5 6 7 9 10 11');
  });

  it('dates each gap by the first arrival of a value after it', () => {
    const sequence = create();
    feed(sequence, [trade(1)]);
    feed(sequence, [trade(4)], 100);
    feed(sequence, [trade(7)], 300);
    feed(sequence, [trade(6)], 400);
    expect(sequence.heldSince).toBe(100);
    expect(textOf(sequence.release(99))).toBe('');
    expect(textOf(sequence.release(299))).toBe('(1,4):2 4');
    expect(sequence.heldSince).toBe(300);
    expect(feed(sequence, [trade(9)], 500)).toBe('');
    expect(feed(sequence, [trade(5)], 600)).toBe('5 6 7');
    expect(sequence.heldSince).toBe(500);
  });

  it('drops late values from before a reset instead of reporting a gap', () => {
    const sequence = create();
    expect(feed(sequence, [trade(1000, 50), trade(5, 60), trade(1001, 51), trade(6, 61), trade(1002, 52)])).toBe(
      '1000 reset 1000>5 5 6',
    );
    expect(sequence.heldSince).toBeUndefined();
    expect(feed(sequence, [trade(8, 62)])).toBe('');
    expect(textOf(sequence.release())).toBe('(6,8):1 8');
  });

  it('drops a late value from before a reset even if its id is the next expected one', () => {
    const sequence = create();
    const slower = trade(9, 2);
    expect(feed(sequence, [trade(8, 1), slower, trade(10, 3), trade(8, 30), slower, trade(9, 31), trade(10, 32)])).toBe(
      '8 9 10 reset 10>8 8 9 10',
    );
    expect(sequence.duplicates).toBe(1);
  });

  it('announces a lasting gap once, and later reports it with the same bounds, however it was filled', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(6)], 100);
    expect([sequence.announce(99), sequence.announce(100), sequence.announce(200)].map(textOf)).toEqual([
      '',
      'pending (1,6):4',
      '',
    ]);
    expect(feed(sequence, [trade(4), trade(2)])).toBe('2');
    expect(textOf(sequence.fill([trade(3)]))).toBe('3 4');
    expect(feed(sequence, [trade(5), trade(7)])).toBe('5 (1,6):4 filled 4 6 7');
    feed(sequence, [trade(10), trade(13)], 200);
    expect(textOf(sequence.announce(200))).toBe('pending (7,10):2 pending (10,13):2');
    expect(feed(sequence, [trade(12), trade(16)], 300)).toBe('');
    expect(textOf(sequence.release())).toBe('(7,10):2 10 (10,13):2 filled 1 12 13 (13,16):2 16');
  });

  it('announces a gap together with all gaps before it', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(9)], 100);
    feed(sequence, [trade(5)], 200);
    expect(textOf(sequence.announce(100))).toBe('pending (1,5):3 pending (5,9):3');
  });

  it('announces a partly filled gap with its original start', () => {
    const sequence = create();
    feed(sequence, [trade(1), trade(9)], 100);
    sequence.fill([trade(2), trade(5)]);
    expect(textOf(sequence.announce(100))).toBe('pending (1,9):7');
    expect(textOf(sequence.release())).toBe('(1,9):7 filled 2 5 9');
  });

  it('after a resume, passes the next id, treats a jump as a gap and drops a known id as a duplicate', () => {
    const mark = { id: '10', timestamp: 50 };
    const sequence = create();
    sequence.resume(mark);
    expect(feed(sequence, [trade(9, 50), trade(10, 50), trade(11, 51)])).toBe('11');
    expect(sequence.duplicates).toBe(2);

    const jumping = create();
    jumping.resume(mark);
    expect(feed(jumping, [trade(13, 53)], 7)).toBe('');
    expect(jumping.gaps).toEqual([{ before: mark, after: trade(13, 53) }]);
    expect(textOf(jumping.announce(7))).toBe('pending (10,13):2');
    expect(textOf(jumping.fill([trade(11), trade(12)]))).toBe('11 12 (10,13):2 filled 2 13');

    const reset = create();
    reset.resume(mark);
    expect(feed(reset, [trade(3, 60), trade(4, 61)])).toBe('reset 10>3 3 4');
    expect(reset.heldSince).toBeUndefined();
  });

  it('forget() undoes a resume only if no value was passed on since', () => {
    const sequence = create();
    sequence.resume({ id: '10', timestamp: 50 });
    feed(sequence, [trade(14), trade(15), trade(18)], 3);
    sequence.fill([trade(13)]);
    sequence.announce(3);
    expect(textOf(sequence.forget())).toBe('14 15');
    expect(sequence.gaps).toEqual([{ before: { id: '15', timestamp: 15 }, after: trade(18) }]);
    expect(textOf(sequence.release())).toBe('(15,18):2 18');

    const passed = create();
    passed.resume({ id: '10', timestamp: 50 });
    feed(passed, [trade(11, 51), trade(13, 53)]);
    expect(textOf(passed.forget())).toBe('');
    expect(textOf(passed.release())).toBe('(11,13):1 13');

    const quiet = create();
    quiet.resume({ id: '10', timestamp: 50 });
    expect(textOf(quiet.forget())).toBe('');
    expect(feed(quiet, [trade(3, 1), trade(4, 2)])).toBe('3 4');
    expect(textOf(create().forget())).toBe('');
  });

  it('passes each id once and in order, except in reported gaps, for any loss, repeat and reordering', () => {
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
        const gaps: [number, number][] = [];
        const take = (sequenced: readonly Sequenced<Trade>[]) => {
          for (const item of sequenced) {
            if (item.kind === 'value') out.push(item.value.first);
            else if (item.kind === 'gap') gaps.push([Number(item.gap.before.id), item.gap.after.first]);
          }
        };
        for (const { index } of arrivals) {
          const value = trade(100 + index, 5);
          if (sequence.next(0, value)) out.push(value.first);
          else take(sequence.accept(0, value, 0));
        }
        take(sequence.release());
        expect(out).toEqual([...new Set(out)].sort((a, b) => a - b));
        const arrived = new Set(arrivals.map(({ index }) => 100 + index));
        const first = out[0] ?? 0;
        for (let id = first; id <= (out.at(-1) ?? -1); id++) {
          const inGap = gaps.some(([from, to]) => id > from && id < to);
          expect(out.includes(id)).toBe(!inGap);
          if (arrived.has(id)) expect(inGap).toBe(false);
        }
      }),
      { numRuns: runs(2000) },
    );
  });

  it('passes each id or names it in one gap, for any mix of loss, reordering, fetches and releases', () => {
    let filled = 0;
    let missing = 0;
    const numRuns = runs(10_000);
    fc.assert(
      fc.property(steps, (plan) => {
        const run = new Run();
        for (const step of plan) run.step(step);
        run.end();
        expect(run.problems).toEqual([]);
        filled += run.filled;
        missing += run.missing;
      }),
      { numRuns },
    );
    expect(filled).toBeGreaterThan(numRuns);
    expect(missing).toBeGreaterThan(numRuns);
  }, 30_000);
});

const FIRST = 100;

type Step =
  /** The next ids are made. Each line receives those that it does not lose. */
  | { readonly kind: 'live'; readonly lost: readonly (readonly [boolean, boolean])[] }
  /** A line delivers its oldest values; with `reverse`, the first two are in reverse order. */
  | { readonly kind: 'arrive'; readonly line: 0 | 1; readonly count: number; readonly reverse: boolean }
  /**
   * Fetches past values. The first id is the last passed id plus `from`. Each piece is a value that covers `ids` ids.
   * With `left`, the answer lacks this value. `backwards`: the values come in reverse order.
   */
  | {
      readonly kind: 'fetch';
      readonly from: number;
      readonly pieces: readonly { readonly ids: number; readonly left: boolean }[];
      readonly backwards: boolean;
    }
  | { readonly kind: 'release' | 'announce'; readonly openedBefore: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('live' as const),
        lost: fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 8 }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('arrive' as const),
        line: fc.constantFrom(0 as const, 1 as const),
        count: fc.integer({ min: 1, max: 10 }),
        reverse: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('fetch' as const),
        from: fc.integer({ min: -2, max: 4 }),
        pieces: fc.array(
          fc.record({ ids: fc.constantFrom(1, 1, 1, 2, 3), left: fc.constantFrom(true, false, false, false) }),
          { maxLength: 8 },
        ),
        backwards: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('release' as const), openedBefore: fc.integer({ min: 0, max: 5 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('announce' as const), openedBefore: fc.integer({ min: 0, max: 5 }) }),
    },
  ),
  { minLength: 10, maxLength: 40 },
);

/** Runs a plan on a sequence, and compares it with a separate computation of what it must do. */
class Run {
  filled = 0;
  missing = 0;
  readonly problems: string[] = [];
  readonly #sequence = create(20);
  readonly #lines: [Trade[], Trade[]] = [[], []];
  #made = FIRST;
  #now = 0;
  /** The last id and the first id that passed. */
  #last = Number.NaN;
  #first = Number.NaN;
  readonly #covered = new Set<number>();
  readonly #arrived = new Set<number>();
  /** Ids that were skipped when a gap was given up. If they arrive later, they are repeats. */
  readonly #givenUp = new Set<number>();
  /** Announced gaps without an outcome yet. */
  readonly #opened = new Set<string>();
  readonly #gaps: { readonly from: number; readonly to: number; readonly missing: number; readonly filled: number }[] =
    [];

  step(step: Step): void {
    this.#now++;
    switch (step.kind) {
      case 'live':
        for (const lost of step.lost) {
          const value = trade(this.#made++, 5);
          for (const line of [0, 1] as const) if (!lost[line]) this.#lines[line].push(value);
        }
        return;
      case 'arrive': {
        const values = this.#lines[step.line].splice(0, step.count);
        if (step.reverse) values.splice(0, 2, ...values.slice(0, 2).reverse());
        for (const value of values) this.#arrive(value);
        return;
      }
      case 'fetch':
        this.#fetch(step);
        return;
      case 'announce':
        this.#take(this.#sequence.announce(this.#now - step.openedBefore));
        return;
      case 'release':
        this.#take(this.#sequence.release(this.#now - step.openedBefore));
    }
  }

  end(): void {
    for (const line of [0, 1] as const) for (const value of this.#lines[line]) this.#arrive(value);
    this.#take(this.#sequence.release());
    this.#must(this.#sequence.heldSince === undefined, 'nothing is held at the end');
    this.#must(this.#opened.size === 0, `${[...this.#opened]} were announced and had no outcome`);
    const inGaps = new Set<number>();
    for (const { from, to, missing, filled } of this.#gaps) {
      const ids = Array.from({ length: to - from - 1 }, (_, index) => from + 1 + index);
      const gap = `the gap (${from},${to})`;
      this.#must(missing === ids.length, `${gap} says that ${missing} are missing`);
      this.#must(filled === ids.filter((id) => this.#covered.has(id)).length, `${gap} says that ${filled} are filled`);
      for (const id of ids) {
        this.#must(!inGaps.has(id), `${id} lies in one gap`);
        inGaps.add(id);
      }
      this.#must(this.#covered.has(from) && this.#covered.has(to), `${gap} lies between values`);
      this.filled += filled;
      this.missing += missing - filled;
    }
    for (let id = this.#first; id <= this.#last; id++) {
      this.#must(this.#covered.has(id) || inGaps.has(id), `${id} is there or in a gap`);
      const wasReceived = this.#arrived.has(id) && !this.#givenUp.has(id);
      this.#must(!wasReceived || this.#covered.has(id), `${id} came and is there`);
    }
  }

  #must(holds: boolean, what: string): void {
    if (!holds) this.problems.push(what);
  }

  #arrive(value: Trade): void {
    if (this.#sequence.next(0, value)) this.#pass(value);
    else this.#take(this.#sequence.accept(0, value, this.#now));
    if (!this.#covered.has(value.first) && value.first < this.#last) this.#givenUp.add(value.first);
    this.#arrived.add(value.first);
  }

  #fetch({ from, pieces, backwards }: Extract<Step, { kind: 'fetch' }>): void {
    const values: Trade[] = [];
    let id = Math.max(FIRST, (Number.isNaN(this.#last) ? FIRST : this.#last) + from);
    for (const { ids, left } of pieces) {
      const last = id + ids - 1;
      if (!left && last < this.#made) values.push(trade(id, 5, last));
      id = last + 1;
    }
    this.#take(this.#sequence.fill(backwards ? values.reverse() : values));
  }

  #take(sequenced: readonly Sequenced<Trade>[]): void {
    for (const item of sequenced) {
      if (item.kind === 'value') this.#pass(item.value);
      else if (item.kind === 'reset') throw new Error('nothing was reset');
      else if (item.kind === 'pending') {
        const { before, after, missing } = item.gap;
        this.#must(
          missing === after.first - Number(before.id) - 1,
          `(${before.id},${after.first}) is reported with ${missing}`,
        );
        this.#opened.add(`(${before.id},${after.first})`);
      } else {
        const { before, after, missing, filled } = item.gap;
        this.#opened.delete(`(${before.id},${after.first})`);
        this.#gaps.push({ from: Number(before.id), to: after.first, missing: missing ?? -1, filled });
      }
    }
  }

  #pass({ first, last }: Trade): void {
    if (Number.isNaN(this.#last)) this.#first = first;
    else {
      this.#must(first > this.#last, `${first} after ${this.#last}`);
      // Every skipped id is in a gap that was emitted before, as an item of kind `gap`.
      for (let id = this.#last + 1; id < first; id++)
        this.#must(
          this.#gaps.some(({ from, to }) => from < id && id < to),
          `${id} is named before it is skipped`,
        );
    }
    for (let id = first; id <= last; id++) this.#covered.add(id);
    this.#last = last;
  }
}
