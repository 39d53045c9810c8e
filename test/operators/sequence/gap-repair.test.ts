import { concat, defer, delay, EMPTY, NEVER, type Observable, of, tap, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import { ContiguousSequence } from '../../../src/operators/sequence/contiguous-sequence.ts';
import { GapRepair } from '../../../src/operators/sequence/gap-repair.ts';
import type { MissingValues, Sequenced } from '../../../src/operators/sequence/id-sequence.ts';
import { SteppedScheduler } from '../../venues/stepped-scheduler.ts';

interface Asked {
  readonly at: number;
  readonly symbol: string;
  /** Ids before and after the missing ones. */
  readonly before: number;
  readonly after: number;
  readonly attempt: number;
}

const access = { first: (id: number) => id, last: (id: number) => id, timestamp: (id: number) => id };

const ids = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);

/** A repair with real sequences, in virtual time. Each symbol has had value 1, and then, at time 0, the given one. */
function setUp(
  symbols: Readonly<Record<string, number>>,
  answer: (asked: Asked, scheduler: SteppedScheduler) => Observable<readonly number[]>,
  atOnce = 1,
) {
  const scheduler = new SteppedScheduler();
  const sequences = new Map<string, ContiguousSequence<number>>();
  const of = (symbol: string): ContiguousSequence<number> => {
    const sequence = sequences.get(symbol) ?? new ContiguousSequence(access, 10_000);
    sequences.set(symbol, sequence);
    return sequence;
  };
  const asked: Asked[] = [];
  const passed: string[] = [];
  const load = { open: 0, most: 0 };
  const take = (symbol: string, sequenced: readonly Sequenced<number>[]) => {
    for (const item of sequenced) {
      if (item.kind === 'value') passed.push(`${symbol}:${item.value}`);
      if (item.kind === 'gap') passed.push(`${symbol}:${item.gap.filled}/${item.gap.missing}`);
    }
  };
  /** Delivers a value on a line, and returns what passes. */
  const live = (symbol: string, id: number): readonly Sequenced<number>[] => of(symbol).accept(0, id, scheduler.now());
  for (const [symbol, id] of Object.entries(symbols)) {
    live(symbol, 1);
    live(symbol, id);
  }
  const repair = new GapRepair<string, MissingValues<number> & { readonly after: number }, number>({
    fetch: (symbol, { before, after }, attempt) =>
      defer(() => {
        const ask = { at: scheduler.now(), symbol, before: Number(before.id), after, attempt };
        asked.push(ask);
        load.most = Math.max(load.most, ++load.open);
        let open = 1;
        const done = () => {
          load.open -= open;
          open = 0;
        };
        return answer(ask, scheduler).pipe(tap({ next: done, finalize: done }));
      }),
    gaps: (symbol) => of(symbol).gaps,
    fill: (symbol, fetched) => take(symbol, of(symbol).fill(fetched)),
    giveUp: (symbol) => take(symbol, of(symbol).release()),
    atOnce,
    scheduler,
  });
  const release = () => {
    for (const [symbol, sequence] of sequences) take(symbol, sequence.release());
  };
  return { scheduler, live, repair, asked, passed, load, release };
}

describe('GapRepair', () => {
  it('fills the gaps of many symbols with one request at a time', () => {
    const { scheduler, repair, asked, passed, load } = setUp({ A: 3, B: 4, C: 3 }, ({ before, after }, time) =>
      of(ids(before + 1, after - 1)).pipe(delay(30, time)),
    );
    for (const symbol of ['A', 'B', 'C', 'A']) repair.repair(symbol);
    scheduler.advance(1000);
    expect(asked.map(({ at, symbol }) => `${at} ${symbol}`)).toEqual(['0 A', '30 B', '60 C']);
    expect(load).toEqual({ open: 0, most: 1 });
    expect(passed).toEqual(['A:2', 'A:1/1', 'A:3', 'B:2', 'B:3', 'B:2/2', 'B:4', 'C:2', 'C:1/1', 'C:3']);
    expect(scheduler.waiting).toBe(0);
  });

  it('runs up to atOnce requests at a time, and one request for each symbol', () => {
    const { scheduler, repair, asked, load } = setUp(
      Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`S${at}`, 3])),
      (_asked, time) => of([2]).pipe(delay(150, time)),
      10,
    );
    for (let at = 0; at < 500; at++) repair.repair(`S${at}`);
    scheduler.advance(8000);
    expect([asked.length, new Set(asked.map(({ symbol }) => symbol)).size, load.most, load.open]).toEqual([
      500, 500, 10, 0,
    ]);
    expect(Math.max(...asked.map(({ at }) => at))).toBeLessThan(7500);
  });

  it('fetches page after page without a pause, each from the end of the last one', () => {
    const { scheduler, repair, asked, passed } = setUp({ A: 2502 }, ({ before, after }, time) =>
      of(ids(before + 1, Math.min(after - 1, before + 1000))).pipe(delay(10, time)),
    );
    repair.repair('A');
    scheduler.advance(100);
    expect(asked.map(({ at, before, attempt }) => [at, before, attempt])).toEqual([
      [0, 1, 0],
      [10, 1001, 1],
      [20, 2001, 2],
    ]);
    expect(passed).toHaveLength(2502);
    expect(scheduler.waiting).toBe(0);
  });

  it('increases the pause after each empty answer up to 3 s, and stops once the gap is released', () => {
    const { scheduler, repair, asked, release, passed } = setUp({ A: 3 }, () => of([]));
    repair.repair('A');
    scheduler.advance(9999);
    expect(asked.map(({ at, attempt }) => [at, attempt])).toEqual([
      [0, 0],
      [200, 1],
      [600, 2],
      [1400, 3],
      [3000, 4],
      [6000, 5],
      [9000, 6],
    ]);
    scheduler.advance(1);
    release();
    expect(passed).toEqual(['A:0/1', 'A:3']);
    scheduler.advance(60_000);
    expect(asked).toHaveLength(7);
    expect(scheduler.waiting).toBe(0);
  });

  it('stops fetching when the sequence gives up the gap because too many values wait', () => {
    const { scheduler, live, repair, asked } = setUp({ A: 3 }, () => of([]));
    repair.repair('A');
    scheduler.advance(500);
    let out: readonly Sequenced<number>[] = [];
    for (let id = 4; out.length === 0; id++) out = live('A', id);
    expect(out).toHaveLength(10_002);
    expect(out[0]).toMatchObject({ kind: 'gap', gap: { missing: 1, filled: 0 } });
    const before = asked.length;
    scheduler.advance(60_000);
    expect(asked).toHaveLength(before);
    expect(scheduler.waiting).toBe(0);
  });

  it('does not delay other symbols when the gap of one symbol cannot be filled', () => {
    const { scheduler, repair, asked, passed } = setUp({ A: 3, B: 3 }, ({ symbol }, time) =>
      of(symbol === 'A' ? [] : ids(2, 2)).pipe(delay(10, time)),
    );
    repair.repair('A');
    repair.repair('B');
    scheduler.advance(50);
    expect(asked.map(({ symbol }) => symbol)).toEqual(['A', 'B']);
    expect(passed).toEqual(['B:2', 'B:1/1', 'B:3']);
  });

  it('asks for a later gap of the same symbol when the first gap cannot be filled', () => {
    const { scheduler, live, repair, asked, passed, release } = setUp({ A: 3 }, ({ before }) =>
      of(before === 3 ? ids(4, 4) : []),
    );
    live('A', 5);
    repair.repair('A');
    scheduler.advance(9000);
    expect(asked.slice(0, 3).map(({ before, after }) => `${before}-${after}`)).toEqual(['1-3', '3-5', '1-3']);
    expect(passed).toEqual([]);
    release();
    expect(passed).toEqual(['A:0/1', 'A:3', 'A:4', 'A:1/1', 'A:5']);
  });

  it.each([
    ['ends without an answer', () => EMPTY],
    ['answers with nothing and stays open', () => concat(of([]), NEVER)],
    [
      'throws before it asks',
      () => {
        throw new Error('a bug');
      },
    ],
    ['fails', () => throwError(() => new Fault('unavailable', 'HTTP 500'))],
  ] as const)('serves other symbols at once, and retries after a request that %s', (_what, answer) => {
    const { scheduler, repair, asked, passed } = setUp({ A: 3, B: 3 }, ({ symbol, attempt }) =>
      symbol === 'A' && attempt === 0 ? answer() : of(ids(2, 2)),
    );
    repair.repair('A');
    repair.repair('B');
    expect(passed).toEqual(['B:2', 'B:1/1', 'B:3']);
    scheduler.advance(200);
    expect(asked.map(({ symbol, at }) => `${symbol} ${at}`)).toEqual(['A 0', 'B 0', 'A 200']);
    expect(passed.slice(3)).toEqual(['A:2', 'A:1/1', 'A:3']);
  });

  it('does not retry before the delay of a rate-limit error has passed', () => {
    const limited = new Fault('rate_limited', 'HTTP 429', { retry: { kind: 'after', afterMs: 7000 } });
    const { scheduler, repair, asked } = setUp({ A: 3 }, ({ attempt }) =>
      attempt === 0 ? throwError(() => limited) : of(ids(2, 2)),
    );
    repair.repair('A');
    scheduler.advance(6999);
    expect(asked).toHaveLength(1);
    scheduler.advance(1);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['longer than a timer of Node.js can wait', 30 * 86_400_000, 1],
    ['forever', Number.POSITIVE_INFINITY, 1],
    ['NaN ms', Number.NaN, 7],
  ])('pauses before any retry when the error asks to wait %s', (_what, afterMs, times) => {
    const { scheduler, repair, asked } = setUp({ A: 3 }, () =>
      throwError(() => new Fault('rate_limited', 'HTTP 429', { retry: { kind: 'after', afterMs } })),
    );
    const timers = vi.spyOn(scheduler, 'schedule');
    repair.repair('A');
    scheduler.advance(9999);
    expect(asked).toHaveLength(times);
    for (const [, delay] of timers.mock.calls) expect(delay).toBeLessThan(2 ** 31);
    repair.close();
  });

  it('retries after exactly thirty days when a rate-limit error asks for that', () => {
    const limited = new Fault('rate_limited', 'HTTP 429', { retry: { kind: 'after', afterMs: 30 * 86_400_000 } });
    const { scheduler, repair, asked } = setUp({ A: 3 }, ({ attempt }) =>
      attempt === 0 ? throwError(() => limited) : of(ids(2, 2)),
    );
    repair.repair('A');
    scheduler.advance(30 * 86_400_000 - 1);
    expect(asked).toHaveLength(1);
    scheduler.advance(1);
    expect(asked).toHaveLength(2);
    expect(scheduler.waiting).toBe(0);
  });

  it('handles 2,000 synchronous pages without a stack overflow', () => {
    const { repair, passed } = setUp({ A: 2002 }, ({ before }) => of([before + 1]));
    repair.repair('A');
    expect(passed).toHaveLength(2002);
  });

  it('gives up the gap at once when the error says never to retry', () => {
    const blocked = new Fault('region_blocked', 'HTTP 403', { retry: { kind: 'never' } });
    const { scheduler, repair, asked, passed } = setUp({ A: 3 }, () => throwError(() => blocked));
    repair.repair('A');
    expect(passed).toEqual(['A:0/1', 'A:3']);
    scheduler.advance(60_000);
    expect(asked).toHaveLength(1);
  });

  it('stops when another line fills the gap during a request, and starts a later gap at attempt 0', () => {
    const { scheduler, live, repair, asked, passed } = setUp({ A: 3 }, ({ before, after }, time) =>
      of(ids(before + 1, after - 1)).pipe(delay(100, time)),
    );
    repair.repair('A');
    scheduler.advance(50);
    expect(live('A', 2)).toHaveLength(2);
    scheduler.advance(1000);
    expect(asked).toHaveLength(1);
    expect(passed).toEqual([]);
    expect(scheduler.waiting).toBe(0);
    live('A', 5);
    repair.repair('A');
    scheduler.advance(100);
    expect(asked.at(-1)).toMatchObject({ before: 3, after: 5, attempt: 0 });
    expect(passed).toEqual(['A:4', 'A:1/1', 'A:5']);
  });

  it('close() cancels the request and all waits, and no request starts afterwards', () => {
    const { scheduler, repair, asked, load } = setUp({ A: 3, B: 3, C: 3 }, ({ symbol }) =>
      symbol === 'A' ? of([]) : NEVER,
    );
    for (const symbol of ['A', 'B', 'C']) repair.repair(symbol);
    expect([load.open, asked.length]).toEqual([1, 2]);
    repair.close();
    expect(load.open).toBe(0);
    repair.repair('D');
    scheduler.advance(60_000);
    expect(asked).toHaveLength(2);
  });
});
