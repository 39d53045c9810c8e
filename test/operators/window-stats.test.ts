import { concat, defer, filter, interval, map, NEVER, of, take, tap } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { retryBackoff } from '../../src/operators/retry-backoff.ts';
import type { ClosedWindow } from '../../src/operators/window/window-timeline.ts';
import { type WindowControl, type WindowStatsOptions, windowStats } from '../../src/operators/window-stats.ts';
import { expectPicture } from '../../testing/marbles/expect-picture.ts';
import { marbles } from '../../testing/marbles/marbles.ts';
import { picture } from './pictures/window-stats.ts';

interface Trade {
  readonly name: string;
  readonly timestamp: number;
  readonly key?: string;
  readonly venue?: string;
}

/** Marble values from their timestamps, keys and venues. */
function trades<N extends string>(table: Record<N, number | Omit<Trade, 'name'>>): Record<N, Trade> {
  const rows = Object.entries<number | Omit<Trade, 'name'>>(table);
  const named = rows.map(([name, row]) => [name, { name, ...(typeof row === 'number' ? { timestamp: row } : row) }]);
  return Object.fromEntries(named);
}

/** Windows of 10 ms that hold the names of their trades; nothing is idle for long. */
const options: WindowStatsOptions<Trade, string> = {
  windowMs: 10,
  allowedLatenessMs: 3,
  idleAfterMs: 100,
  timestampOf: (trade) => trade.timestamp,
  keyOf: (trade) => trade.key ?? 'k',
  clockOf: (trade) => trade.venue ?? 'v',
  create: () => '',
  add: (names, trade) => names + trade.name,
};

function window(
  windowStart: number,
  accumulator: string,
  more: Partial<ClosedWindow<string>> = {},
): ClosedWindow<string> {
  return { key: 'k', windowStart, windowEnd: windowStart + 10, accumulator, complete: true, ...more };
}

describe('windowStats', () => {
  it('emits a window when event time has passed its end and the allowed lateness', () => {
    expectPicture(picture, ([source = NEVER]) => source.pipe(windowStats(options)));
  });

  it('never', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold<Trade>(' -');
      const sub = '                ^';
      const expected = '           -';
      expectObservable(source.pipe(windowStats(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('empty', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold<Trade>(' --|');
      const sub = '                ^-!';
      const expected = '           --|';
      expectObservable(source.pipe(windowStats(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('one value: its window is open at the end, and nothing is emitted', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a-|', trades({ a: 2 }));
      const sub = '         ^--!';
      const expected = '    ---|';
      expectObservable(source.pipe(windowStats(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('many values: windows by end, each once; none without a value', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold(' abcde----f-----|', trades({ a: 9, b: 10, c: 2, d: 22, e: 12, f: 69 }));
      const expected = '    ---w-----(xy)--|';
      // e (12) comes in time for [10, 20), which waits for 23.
      const values = { w: window(0, 'ac'), x: window(10, 'be'), y: window(20, 'd') };
      expectObservable(source.pipe(windowStats(options))).toBe(expected, values);
    });
  });

  it('the last moment: a value counts until event time is exactly end + lateness', () => {
    const late: string[] = [];
    marbles(({ cold, expectObservable }) => {
      const source = cold(' a-b-c-d-e-|', trades({ a: 0, b: 12, c: 9, d: 13, e: 9 }));
      const expected = '    ------w---|';
      const onLate = (trade: Trade): void => void late.push(trade.name);
      expectObservable(source.pipe(windowStats({ ...options, onLate }))).toBe(expected, { w: window(0, 'ac') });
    });
    expect(late).toEqual(['e']);
  });

  it('a late value calls onLate and is in no window, even if its window never opened', () => {
    const late: string[] = [];
    marbles(({ cold, expectObservable }) => {
      const source = cold(' a-b-c---|', trades({ a: 50, b: 5, c: 70 }));
      const expected = '    ----w---|';
      const onLate = (trade: Trade): void => void late.push(trade.name);
      expectObservable(source.pipe(windowStats({ ...options, onLate }))).toBe(expected, { w: window(50, 'a') });
    });
    expect(late).toEqual(['b']);
  });

  it('a value without a time is in no window, and disturbs none', () => {
    const late: string[] = [];
    marbles(({ cold, expectObservable }) => {
      const source = cold(' anbcd-|', trades({ a: 1, n: Number.NaN, b: 14, c: 24, d: 34 }));
      const expected = '    --xyz-|';
      const onLate = (trade: Trade): void => void late.push(trade.name);
      const emitted = { x: window(0, 'a'), y: window(10, 'b'), z: window(20, 'c') };
      expectObservable(source.pipe(windowStats({ ...options, onLate }))).toBe(expected, emitted);
    });
    expect(late).toEqual(['n']);
  });

  it('times before 1970 and without lateness', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold(' a-b-c-|', trades({ a: -1, b: -10, c: 0 }));
      const expected = '    ----w-|';
      const exact = { ...options, allowedLatenessMs: 0 };
      expectObservable(source.pipe(windowStats(exact))).toBe(expected, { w: window(-10, 'ab') });
    });
  });

  it('keys have their own windows; the clock of their group closes them all', () => {
    marbles(({ cold, expectObservable }) => {
      const values = trades({
        a: { key: 'BTC', venue: 'v1', timestamp: 1 },
        b: { key: 'ETH', venue: 'v1', timestamp: 2 },
        c: { key: 'ADA', venue: 'v2', timestamp: 3 },
        d: { key: 'BTC', venue: 'v1', timestamp: 15 },
        e: { key: 'ADA', venue: 'v2', timestamp: 13 },
      });
      const source = cold(' abc--d----e---|', values);
      const expected = '    -----(wx)-y---|';
      const emitted = {
        w: window(0, 'a', { key: 'BTC' }),
        x: window(0, 'b', { key: 'ETH' }),
        y: window(0, 'c', { key: 'ADA' }),
      };
      expectObservable(source.pipe(windowStats(options))).toBe(expected, emitted);
    });
  });

  it('without clockOf each key is its own clock', () => {
    marbles(({ cold, expectObservable }) => {
      const values = trades({
        a: { key: 'x', timestamp: 1 },
        b: { key: 'y', timestamp: 50 },
        c: { key: 'x', timestamp: 13 },
      });
      const source = cold(' a-b-c-|', values);
      const expected = '    ----w-|';
      const { clockOf: _, ...rest } = options;
      expectObservable(source.pipe(windowStats<Trade, string>(rest))).toBe(expected, {
        w: window(0, 'a', { key: 'x' }),
      });
    });
  });

  it('source error: open windows are dropped', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a-#', trades({ a: 2 }));
      const sub = '         ^--!';
      const expected = '    ---#';
      expectObservable(source.pipe(windowStats(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('early unsubscribe', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-c-', trades({ a: 2, b: 14, c: 30 }));
      const control$ = hot<WindowControl>('-------');
      const sub = '         ^---!  ';
      const unsub = '       ----!  ';
      const expected = '    ---w---';
      expectObservable(source.pipe(windowStats({ ...options, control$ })), unsub).toBe(expected, { w: window(0, 'a') });
      expectSubscriptions(source.subscriptions).toBe(sub);
      expectSubscriptions(control$.subscriptions).toBe(sub);
    });
  });

  it('early unsubscribe in the middle of a synchronous burst', () => {
    let pulled = 0;
    marbles(({ expectObservable }) => {
      const burst = of(2, 14, 30, 50).pipe(
        tap(() => pulled++),
        map((timestamp): Trade => ({ name: 'a', timestamp })),
      );
      expectObservable(burst.pipe(windowStats(options), take(1))).toBe('(w|)', { w: window(0, 'a') });
    });
    expect(pulled).toBe(2);
  });

  it.each(['timestampOf', 'keyOf', 'clockOf', 'create', 'add'] as const)(
    '%s that throws ends the result with its error',
    (name) => {
      marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
        const throwing = (): never => {
          throw 'callback';
        };
        const source = cold('   -a-b-', trades({ a: 2, b: 14 }));
        const control$ = hot<WindowControl>(' -----');
        const sub = '           ^!   ';
        const expected = '      -#   ';
        const result = source.pipe(windowStats({ ...options, control$, [name]: throwing }));
        expectObservable(result).toBe(expected, undefined, 'callback');
        expectSubscriptions(source.subscriptions).toBe(sub);
        expectSubscriptions(control$.subscriptions).toBe(sub);
      });
    },
  );

  it('onLate that throws ends the result with its error', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const onLate = (): never => {
        throw 'callback';
      };
      const source = cold(' a-b-', trades({ a: 50, b: 2 }));
      const sub = '         ^-! ';
      const expected = '    --# ';
      expectObservable(source.pipe(windowStats({ ...options, onLate }))).toBe(expected, undefined, 'callback');
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('open windows survive a reconnect', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const table = trades({ a: 2, b: 5, c: 13 });
      const first = cold('  -a-#      ', table);
      const again = cold('       -b-c-', table);
      const subFirst = '    ^--!      ';
      const subAgain = '    -----^----!';
      const unsub = '       ----------!';
      const expected = '    --------w-';
      const lines = [first, again];
      const retry = { initialDelayMs: 2, maxDelayMs: 2, random: () => 1, isData: () => true };
      const source = defer(() => lines.shift() ?? NEVER).pipe(retryBackoff(retry));
      expectObservable(source.pipe(windowStats(options)), unsub).toBe(expected, { w: window(0, 'ab') });
      expectSubscriptions(first.subscriptions).toBe(subFirst);
      expectSubscriptions(again.subscriptions).toBe(subAgain);
    });
  });

  it('refuses a window of no length', () => {
    marbles(({ cold, expectObservable }) => {
      const error = new RangeError('windowMs must be above 0, found 0');
      expectObservable(cold<Trade>('-').pipe(windowStats({ ...options, windowMs: 0 }))).toBe('#', undefined, error);
    });
  });

  it('long virtual time: a trade a second for a day, then silence; no timer is set for a trade', () => {
    const schedule = vi.fn();
    marbles(({ scheduler, expectObservable }) => {
      const counted: typeof scheduler.schedule = (...action) => {
        schedule();
        return scheduler.schedule(...action);
      };
      const clock = { now: () => scheduler.now(), schedule: counted };
      const day = interval(1000, scheduler).pipe(
        take(86_400),
        map((): Trade => ({ name: 'a', timestamp: scheduler.now() })),
      );
      const minutes: WindowStatsOptions<Trade, number> = {
        ...options,
        windowMs: 60_000,
        allowedLatenessMs: 2000,
        idleAfterMs: 5000,
        create: () => 0,
        add: (trades) => trades + 1,
        scheduler: clock,
      };
      const result = concat(day, NEVER).pipe(windowStats(minutes));
      const counts = result.pipe(
        map(({ accumulator, windowStart }) => ({ accumulator, windowStart })),
        filter((_, index) => index === 0 || index >= 1439),
      );
      const expected = '62s w 86344999ms x 54999ms y';
      const emitted = {
        w: { accumulator: 59, windowStart: 0 },
        x: { accumulator: 60, windowStart: 86_340_000 },
        y: { accumulator: 1, windowStart: 86_400_000 },
      };
      expectObservable(counts, '86500s !').toBe(expected, emitted);
    });
    expect(schedule.mock.calls.length).toBeLessThan(86_400 / 5);
  });
});

describe('windowStats in silence', () => {
  const idle = { ...options, idleAfterMs: 5 };

  it('closes a window that is over after lateness + idle time without a value', () => {
    const late: string[] = [];
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a----------b--|', trades({ a: 9, b: 8 }));
      const sub = '         ^--------------!';
      const expected = '    ---------w-----|';
      const onLate = (trade: Trade): void => void late.push(trade.name);
      expectObservable(source.pipe(windowStats({ ...idle, onLate }))).toBe(expected, { w: window(0, 'a') });
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
    expect(late).toEqual(['b']);
  });

  it('a value at the last moment keeps the window open', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -a-------b----------', trades({ a: 9, b: 8 }));
      const unsub = '       -------------------!';
      const expected = '    -----------------w--';
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, { w: window(0, 'ab') });
    });
  });

  it('does not close a window in its middle: event time continues with the clock', () => {
    marbles(({ hot, expectObservable }) => {
      // After a, 0 + 10 of silence is not past 10 + 3; after b, 8 + 8 is.
      const source = hot('  -a---------b-----------', trades({ a: 0, b: 8 }));
      const unsub = '       ----------------------!';
      const expected = '    -------------------w---';
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, { w: window(0, 'ab') });
    });
  });

  it('closes windows one after the other as time passes, then opens new ones', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -ab------------------------c---d--', trades({ a: 9, b: 12, c: 35, d: 43 }));
      const unsub = '       ----------------------------------!';
      // [0, 10): silence of 8 after b; [10, 20): 12 + 11 of silence reaches 20 + 3.
      const expected = '    ----------w--x-----------------y--';
      const values = { w: window(0, 'a'), x: window(10, 'b'), y: window(30, 'c') };
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, values);
    });
  });

  it('judges each clock group by its own silence', () => {
    marbles(({ hot, expectObservable }) => {
      const table = trades({
        a: { venue: 'v1', key: 'a', timestamp: 0 },
        b: { venue: 'v2', key: 'b', timestamp: 9 },
        c: { venue: 'v3', key: 'c', timestamp: 9 },
      });
      const source = hot('  -abc-c-c-c-c----', table);
      const unsub = '       ---------------!';
      const expected = '    ----------x---w-';
      const values = { x: window(0, 'b', { key: 'b' }), w: window(0, 'a', { key: 'a' }) };
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, values);
    });
  });

  it('closes a window that ends soon, although another lasts long', () => {
    marbles(({ hot, expectObservable }) => {
      const table = trades({
        a: { venue: 'v1', key: 'a', timestamp: 0 },
        b: { venue: 'v2', key: 'b', timestamp: 29 },
      });
      const source = hot('  -a--------b----------------------------', table);
      const unsub = '       --------------------------------------!';
      const expected = '    ------------------x---------------w----';
      const values = {
        w: window(0, 'a', { key: 'a', windowEnd: 30 }),
        x: window(0, 'b', { key: 'b', windowEnd: 30 }),
      };
      expectObservable(source.pipe(windowStats({ ...idle, windowMs: 30 })), unsub).toBe(expected, values);
    });
  });

  it('windows of groups that go idle together are emitted by end', () => {
    marbles(({ hot, expectObservable }) => {
      const table = trades({
        a: { venue: 'v1', key: 'a', timestamp: 19 },
        b: { venue: 'v2', key: 'b', timestamp: 9 },
      });
      const source = hot('  -(ab)-------', table);
      const unsub = '       -----------!';
      const expected = '    ---------(xw)';
      const values = { x: window(0, 'b', { key: 'b' }), w: window(10, 'a', { key: 'a' }) };
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, values);
    });
  });

  it('waits for no pause if lateness and idleAfterMs are 0', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -a-------------', trades({ a: 0 }));
      const unsub = '       --------------!';
      const expected = '    -----------w---';
      const none = { ...options, allowedLatenessMs: 0, idleAfterMs: 0 };
      expectObservable(source.pipe(windowStats(none)), unsub).toBe(expected, { w: window(0, 'a') });
    });
  });
});

describe('windowStats cut short', () => {
  const incomplete = (windowStart: number, names: string, key: string): ClosedWindow<string> =>
    window(windowStart, names, { key, complete: false });

  it.each([
    ['a key', { key: 'BTC' }, '-----(yzw)-'],
    ['a clock group', { clock: 'v1' }, '-----(yxw)-'],
    ['a key of a clock group', { key: 'BTC', clock: 'v1' }, '-----(yw)--'],
    ['all', {}, '-----(yxzw)'],
  ])('%s: its open windows at once, by end, as incomplete', (_, cut, expected) => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const table = trades({
        a: { key: 'BTC', venue: 'v1', timestamp: 12 },
        b: { key: 'BTC', venue: 'v1', timestamp: 9 },
        c: { key: 'ETH', venue: 'v1', timestamp: 8 },
        d: { key: 'BTC', venue: 'v2', timestamp: 7 },
      });
      const source = hot('   -abcd------', table);
      const control$ = hot<WindowControl>('-----x-----', { x: { kind: 'cut', ...cut } });
      const sub = '          ^----------!';
      const unsub = '        -----------!';
      const values = {
        w: incomplete(10, 'a', 'BTC'),
        x: incomplete(0, 'c', 'ETH'),
        y: incomplete(0, 'b', 'BTC'),
        z: incomplete(0, 'd', 'BTC'),
      };
      expectObservable(source.pipe(windowStats({ ...options, control$ })), unsub).toBe(expected, values);
      expectSubscriptions(control$.subscriptions).toBe(sub);
    });
  });

  it('a cut window is never emitted or cut again; its later values are late; the next window is complete', () => {
    const late: string[] = [];
    marbles(({ hot, expectObservable }) => {
      const source = hot('   -a---b---c---d-|', trades({ a: 2, b: 5, c: 15, d: 24 }));
      const control$ = hot<WindowControl>('---x---x--------', { x: { kind: 'cut' } });
      const expected = '     ---w---------y-|';
      const onLate = (trade: Trade): void => void late.push(trade.name);
      const values = { w: incomplete(0, 'a', 'k'), y: window(10, 'c') };
      expectObservable(source.pipe(windowStats({ ...options, control$, onLate }))).toBe(expected, values);
    });
    expect(late).toEqual(['b']);
  });

  it('a late value of a cut window still closes what its time closes', () => {
    const late: string[] = [];
    marbles(({ hot, expectObservable }) => {
      const source = hot(
        '   -ab---c-|',
        trades({ a: 2, b: { key: 'other', timestamp: 12 }, c: { key: 'other', timestamp: 13 } }),
      );
      const control$ = hot<WindowControl>('---x-----', { x: { kind: 'cut', key: 'other' } });
      const expected = '     ---w--y-|';
      const onLate = (trade: Trade): void => void late.push(trade.name);
      const values = { w: incomplete(10, 'b', 'other'), y: window(0, 'a') };
      expectObservable(source.pipe(windowStats({ ...options, control$, onLate }))).toBe(expected, values);
    });
    expect(late).toEqual(['c']);
  });

  it('the windows of an epoch that ends come before the first of the next epoch', () => {
    marbles(({ hot, expectObservable }) => {
      const table = trades({
        a: { key: 'v1:BTC:1', venue: 'v1', timestamp: 2 },
        b: { key: 'v2:BTC:2', venue: 'v2', timestamp: 3 },
        c: { key: 'v2:BTC:2', venue: 'v2', timestamp: 13 },
      });
      const source = hot('   -a---b---c-|', table);
      const control$ = hot<WindowControl>('-----x------', { x: { kind: 'cut', clock: 'v1' } });
      const expected = '     -----w---y-|';
      const values = { w: incomplete(0, 'a', 'v1:BTC:1'), y: window(0, 'b', { key: 'v2:BTC:2' }) };
      expectObservable(source.pipe(windowStats({ ...options, control$ }))).toBe(expected, values);
    });
  });

  it('control$: its completion has no effect, its error ends the result', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('        -a---b-|', trades({ a: 2, b: 13 }));
      const completes$ = hot<WindowControl>('--|     ');
      const errors$ = hot<WindowControl>('   ---#    ');
      const onComplete = '        -----w-|';
      const onError = '           ---#    ';
      const subs = ['             ^------!', '^--!'];
      expectObservable(source.pipe(windowStats({ ...options, control$: completes$ }))).toBe(onComplete, {
        w: window(0, 'a'),
      });
      expectObservable(source.pipe(windowStats({ ...options, control$: errors$ }))).toBe(onError);
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('without values, the place of a cut window is removed without an emission', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('   -a----------------', trades({ a: 9 }));
      const control$ = hot<WindowControl>('---x--------x-----', { x: { kind: 'cut' } });
      const unsub = '        -----------------!';
      const expected = '     ---w--------------';
      const idle = { ...options, idleAfterMs: 5, control$ };
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, { w: incomplete(0, 'a', 'k') });
    });
  });

  it('held windows close at their release, or without values after it', () => {
    marbles(({ hot, expectObservable }) => {
      const table = trades({
        a: { key: 'BTC', timestamp: 2 },
        b: { key: 'ETH', timestamp: 13 },
        c: { key: 'BTC', timestamp: 12 },
      });
      const source = hot('    -a-b-c-------------', table);
      const control$ = hot('  --h---r------------', {
        h: { kind: 'hold', key: 'BTC', clock: 'v' },
        r: { kind: 'release', key: 'BTC', clock: 'v' },
      } as const);
      const unsub = '         -------------------!';
      const expected = '      ------w--------(xy)-';
      const values = {
        w: window(0, 'a', { key: 'BTC' }),
        x: window(10, 'b', { key: 'ETH' }),
        y: window(10, 'c', { key: 'BTC' }),
      };
      const idle = { ...options, idleAfterMs: 5, control$ };
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, values);
    });
  });

  it('a new key is not late for windows that its group closed; its own closed windows stay closed', () => {
    const late: string[] = [];
    marbles(({ hot, expectObservable }) => {
      const table = trades({
        a: { key: 'ETH', timestamp: 50 },
        b: { key: 'BTC', timestamp: 9 },
        c: { key: 'BTC', timestamp: 12 },
        d: { key: 'BTC', timestamp: 60 },
      });
      const source = hot('    -a-bcd--|', table);
      const control$ = hot('  --h----r-', {
        h: { kind: 'hold', key: 'BTC', clock: 'v', closedEnd: (windowMs: number) => windowMs },
        r: { kind: 'release', key: 'BTC', clock: 'v' },
      } as const);
      const expected = '      -------w|';
      const onLate = (trade: Trade): void => void late.push(trade.name);
      const values = { w: window(10, 'c', { key: 'BTC' }) };
      expectObservable(source.pipe(windowStats({ ...options, control$, onLate }))).toBe(expected, values);
    });
    expect(late).toEqual(['b']);
  });

  it('orders windows of several lengths by their end', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('    -ab-----|', trades({ a: 2, b: 43 }));
      const expected = '      --(wx)--|';
      const values = { w: window(0, 'a'), x: { ...window(0, 'a'), windowEnd: 20 } };
      expectObservable(source.pipe(windowStats({ ...options, windowMs: [20, 10] }))).toBe(expected, values);
    });
  });
});
