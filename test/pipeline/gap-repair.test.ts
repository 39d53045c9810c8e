import { concat, defer, delay, EMPTY, NEVER, type Observable, of, tap, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import { GapRepair } from '../../src/pipeline/gap-repair.ts';
import { LineMerge, type MergedEvent } from '../../src/pipeline/merge-lines.ts';
import { tradeEvent } from '../support/events.ts';
import { SteppedScheduler } from '../venues/stepped-scheduler.ts';

interface Asked {
  readonly at: number;
  readonly symbol: string;
  /** Ids before and after what is missing. */
  readonly before: number;
  readonly after: number;
  readonly attempt: number;
}

const trades = (from: number, to: number): TradeEvent[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => tradeEvent(from + at, { source: 'backfill' }));

/** A repair over the real merge, in virtual time. Each symbol had trade 1, and then the one named, at time 0. */
function setUp(
  symbols: Readonly<Record<string, number>>,
  answer: (asked: Asked, scheduler: SteppedScheduler) => Observable<readonly TradeEvent[]>,
) {
  const scheduler = new SteppedScheduler();
  const merge = new LineMerge({ venue: 'binance', contiguousTradeIds: true });
  const asked: Asked[] = [];
  const passed: string[] = [];
  const load = { open: 0, most: 0 };
  const take = (events: readonly MergedEvent[]) => {
    for (const event of events) {
      if (event.kind === 'trade') passed.push(`${event.symbol}:${event.tradeId}`);
      if (event.kind === 'hole') passed.push(`${event.symbol}:${event.hole.filled}/${event.hole.missing}`);
    }
  };
  for (const [symbol, id] of Object.entries(symbols)) {
    merge.data(1, [tradeEvent(1, { symbol })], 0);
    merge.data(1, [tradeEvent(id, { symbol })], 0);
  }
  const repair = new GapRepair({
    fetch: (symbol, { before, after }, attempt) =>
      defer(() => {
        const ask = {
          at: scheduler.now(),
          symbol,
          before: Number(before.tradeId),
          after: Number(after.tradeId),
          attempt,
        };
        asked.push(ask);
        load.most = Math.max(load.most, ++load.open);
        let open = 1;
        const done = () => {
          load.open -= open;
          open = 0;
        };
        return answer(ask, scheduler).pipe(tap({ next: done, finalize: done }));
      }),
    holes: (symbol) => merge.holes(symbol),
    fill: (symbol, fetched) =>
      take(
        merge.fill(
          symbol,
          fetched.map((trade) => ({ ...trade, symbol })),
        ),
      ),
    giveUp: (symbol) => take(merge.giveUp(symbol)),
    scheduler,
  });
  const release = (holdMs: number) => take(merge.release(scheduler.now(), { trades: holdMs, aggTrades: holdMs }));
  return { scheduler, merge, repair, asked, passed, load, release };
}

describe('GapRepair', () => {
  it('fills the holes of many symbols with one request at a time', () => {
    const { scheduler, repair, asked, passed, load } = setUp({ A: 3, B: 4, C: 3 }, ({ before, after }, time) =>
      of(trades(before + 1, after - 1)).pipe(delay(30, time)),
    );
    for (const symbol of ['A', 'B', 'C', 'A']) repair.repair(symbol);
    scheduler.advance(1000);
    expect(asked.map(({ at, symbol }) => `${at} ${symbol}`)).toEqual(['0 A', '30 B', '60 C']);
    expect(load).toEqual({ open: 0, most: 1 });
    expect(passed).toEqual(['A:2', 'A:1/1', 'A:3', 'B:2', 'B:3', 'B:2/2', 'B:4', 'C:2', 'C:1/1', 'C:3']);
    expect(scheduler.waiting).toBe(0);
  });

  it('asks page after page at once while they bring something, each from where the last one ended', () => {
    const { scheduler, repair, asked, passed } = setUp({ A: 2502 }, ({ before, after }, time) =>
      of(trades(before + 1, Math.min(after - 1, before + 1000))).pipe(delay(10, time)),
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

  it('waits longer and longer, up to 3 s, while nothing comes, until the hole is gone', () => {
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
    release(10_000);
    expect(passed).toEqual(['A:0/1', 'A:3']);
    scheduler.advance(60_000);
    expect(asked).toHaveLength(7);
    expect(scheduler.waiting).toBe(0);
  });

  it('ends when too many trades wait', () => {
    const { scheduler, merge, repair, asked } = setUp({ A: 3 }, () => of([]));
    repair.repair('A');
    scheduler.advance(500);
    let out: readonly MergedEvent[] = [];
    for (let id = 4; out.length === 0; id++) out = merge.data(1, [tradeEvent(id, { symbol: 'A' })], 500);
    expect(out).toHaveLength(10_002);
    expect(out[0]).toMatchObject({ kind: 'hole', hole: { missing: 1, filled: 0 } });
    const before = asked.length;
    scheduler.advance(60_000);
    expect(asked).toHaveLength(before);
    expect(scheduler.waiting).toBe(0);
  });

  it('a symbol whose hole cannot be filled does not use up the time of the others', () => {
    const { scheduler, repair, asked, passed } = setUp({ A: 3, B: 3 }, ({ symbol }, time) =>
      of(symbol === 'A' ? [] : trades(2, 2)).pipe(delay(10, time)),
    );
    repair.repair('A');
    repair.repair('B');
    scheduler.advance(50);
    expect(asked.map(({ symbol }) => symbol)).toEqual(['A', 'B']);
    expect(passed).toEqual(['B:2', 'B:1/1', 'B:3']);
  });

  it('nor does a hole that cannot be filled keep a later one of its symbol waiting', () => {
    const { scheduler, merge, repair, asked, passed, release } = setUp({ A: 3 }, ({ before }) =>
      of(before === 3 ? trades(4, 4) : []),
    );
    merge.data(1, [tradeEvent(5, { symbol: 'A' })], 0);
    repair.repair('A');
    scheduler.advance(9000);
    expect(asked.slice(0, 3).map(({ before, after }) => `${before}-${after}`)).toEqual(['1-3', '3-5', '1-3']);
    expect(passed).toEqual([]);
    release(0);
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
  ] as const)('a request that %s blocks nobody, and is tried again', (_what, answer) => {
    const { scheduler, repair, asked, passed } = setUp({ A: 3, B: 3 }, ({ symbol, attempt }) =>
      symbol === 'A' && attempt === 0 ? answer() : of(trades(2, 2)),
    );
    repair.repair('A');
    repair.repair('B');
    expect(passed).toEqual(['B:2', 'B:1/1', 'B:3']);
    scheduler.advance(200);
    expect(asked.map(({ symbol, at }) => `${symbol} ${at}`)).toEqual(['A 0', 'B 0', 'A 200']);
    expect(passed.slice(3)).toEqual(['A:2', 'A:1/1', 'A:3']);
  });

  it('asks no earlier than the venue allows', () => {
    const limited = new Fault('rate_limited', 'HTTP 429', { retry: { kind: 'after', afterMs: 7000 } });
    const { scheduler, repair, asked } = setUp({ A: 3 }, ({ attempt }) =>
      attempt === 0 ? throwError(() => limited) : of(trades(2, 2)),
    );
    repair.repair('A');
    scheduler.advance(6999);
    expect(asked).toHaveLength(1);
    scheduler.advance(1);
    expect(asked).toHaveLength(2);
  });

  it('gives up at once what the venue will never tell', () => {
    const blocked = new Fault('region_blocked', 'HTTP 403', { retry: { kind: 'never' } });
    const { scheduler, repair, asked, passed } = setUp({ A: 3 }, () => throwError(() => blocked));
    repair.repair('A');
    expect(passed).toEqual(['A:0/1', 'A:3']);
    scheduler.advance(60_000);
    expect(asked).toHaveLength(1);
  });

  it('a hole that another line fills while the answer is under way ends it; a later one begins anew', () => {
    const { scheduler, merge, repair, asked, passed } = setUp({ A: 3 }, ({ before, after }, time) =>
      of(trades(before + 1, after - 1)).pipe(delay(100, time)),
    );
    repair.repair('A');
    scheduler.advance(50);
    expect(merge.data(2, [tradeEvent(2, { symbol: 'A' })], 50)).toHaveLength(2);
    scheduler.advance(1000);
    expect(asked).toHaveLength(1);
    expect(passed).toEqual([]);
    expect(scheduler.waiting).toBe(0);
    merge.data(1, [tradeEvent(5, { symbol: 'A' })], 1050);
    repair.repair('A');
    scheduler.advance(100);
    expect(asked.at(-1)).toMatchObject({ before: 3, after: 5, attempt: 0 });
    expect(passed).toEqual(['A:4', 'A:1/1', 'A:5']);
  });

  it('close() gives up the request and all waits, and nothing begins after it', () => {
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
