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

/** Makes marble values from timestamps, keys and venues. */
function trades<N extends string>(table: Record<N, number | Omit<Trade, 'name'>>): Record<N, Trade> {
  const rows = Object.entries<number | Omit<Trade, 'name'>>(table);
  const named = rows.map(([name, row]) => [name, { name, ...(typeof row === 'number' ? { timestamp: row } : row) }]);
  return Object.fromEntries(named);
}

/** Windows of 10 ms that contain the names of their trades. */
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

  it('emits nothing while the source emits nothing', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold<Trade>(' -');
      const sub = '                ^';
      const expected = '           -';
      expectObservable(source.pipe(windowStats(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('completes when an empty source completes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold<Trade>(' --|');
      const sub = '                ^-!';
      const expected = '           --|';
      expectObservable(source.pipe(windowStats(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('drops a window that is still open when the source completes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a-|', trades({ a: 2 }));
      const sub = '         ^--!';
      const expected = '    ---|';
      expectObservable(source.pipe(windowStats(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits each window once, ordered by end, and no window without a value', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold(' abcde----f-----|', trades({ a: 9, b: 10, c: 2, d: 22, e: 12, f: 69 }));
      const expected = '    ---w-----(xy)--|';
      // e (12) comes in time for [10, 20), which stays open until event time reaches 23.
      const values = { w: window(0, 'ac'), x: window(10, 'be'), y: window(20, 'd') };
      expectObservable(source.pipe(windowStats(options))).toBe(expected, values);
    });
  });

  it('adds values to a window until event time reaches the window’s end + allowedLatenessMs', () => {
    const late: string[] = [];
    marbles(({ cold, expectObservable }) => {
      const source = cold(' a-b-c-d-e-|', trades({ a: 0, b: 12, c: 9, d: 13, e: 9 }));
      const expected = '    ------w---|';
      const onLate = (trade: Trade): void => void late.push(trade.name);
      expectObservable(source.pipe(windowStats({ ...options, onLate }))).toBe(expected, { w: window(0, 'ac') });
    });
    expect(late).toEqual(['e']);
  });

  it('calls onLate for a late value and adds it to no window, even if its window never opened', () => {
    const late: string[] = [];
    marbles(({ cold, expectObservable }) => {
      const source = cold(' a-b-c---|', trades({ a: 50, b: 5, c: 70 }));
      const expected = '    ----w---|';
      const onLate = (trade: Trade): void => void late.push(trade.name);
      expectObservable(source.pipe(windowStats({ ...options, onLate }))).toBe(expected, { w: window(50, 'a') });
    });
    expect(late).toEqual(['b']);
  });

  it('calls onLate for a value with timestamp NaN, and leaves all windows unchanged', () => {
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

  it('handles timestamps before 1970 with an allowed lateness of 0', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold(' a-b-c-|', trades({ a: -1, b: -10, c: 0 }));
      const expected = '    ----w-|';
      const exact = { ...options, allowedLatenessMs: 0 };
      expectObservable(source.pipe(windowStats(exact))).toBe(expected, { w: window(-10, 'ab') });
    });
  });

  it('keeps windows for each key, and closes them by the event time of their clock group', () => {
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

  it('uses separate event time for each key if clockOf is not set', () => {
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

  it('drops open windows when the source fails', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a-#', trades({ a: 2 }));
      const sub = '         ^--!';
      const expected = '    ---#';
      expectObservable(source.pipe(windowStats(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('unsubscribes from the source and control$ when the result is unsubscribed', () => {
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

  it('stops reading a synchronous burst as soon as the subscriber unsubscribes', () => {
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
    'fails with the error that %s throws',
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

  it('fails with the error that onLate throws', () => {
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

  it('keeps open windows over a reconnect', () => {
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

  it('counts a day of trades in minute windows without a timer for each trade', () => {
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

describe('windowStats without new values', () => {
  const idle = { ...options, idleAfterMs: 5 };

  it('closes a window that is over after allowedLatenessMs + idleAfterMs without a value', () => {
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

  it('keeps a window open if a value comes in the millisecond in which it would close', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -a-------b----------', trades({ a: 9, b: 8 }));
      const unsub = '       -------------------!';
      const expected = '    -----------------w--';
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, { w: window(0, 'ab') });
    });
  });

  it('keeps a window open during a pause until the clock has moved event time past its end and the allowed lateness', () => {
    marbles(({ hot, expectObservable }) => {
      // When b comes, event time by the clock is 0 + 10, less than 10 + 3. 8 ms after b it is 8 + 8, which is enough.
      const source = hot('  -a---------b-----------', trades({ a: 0, b: 8 }));
      const unsub = '       ----------------------!';
      const expected = '    -------------------w---';
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, { w: window(0, 'ab') });
    });
  });

  it('closes windows one after another as time passes, and opens new ones for later values', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -ab------------------------c---d--', trades({ a: 9, b: 12, c: 35, d: 43 }));
      const unsub = '       ----------------------------------!';
      // [0, 10) closes 8 ms after b. [10, 20) closes 11 ms after b, when 12 + 11 reaches 20 + 3.
      const expected = '    ----------w--x-----------------y--';
      const values = { w: window(0, 'a'), x: window(10, 'b'), y: window(30, 'c') };
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, values);
    });
  });

  it('closes the windows of a clock group without values while another group has values', () => {
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

  it('closes a window by the clock sooner if its last value was nearer to the window’s end', () => {
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

  it('orders windows by end if several clock groups have no more values at the same time', () => {
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

  it('closes a window by the clock right at its end if allowedLatenessMs and idleAfterMs are 0', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -a-------------', trades({ a: 0 }));
      const unsub = '       --------------!';
      const expected = '    -----------w---';
      const none = { ...options, allowedLatenessMs: 0, idleAfterMs: 0 };
      expectObservable(source.pipe(windowStats(none)), unsub).toBe(expected, { w: window(0, 'a') });
    });
  });
});

describe('windowStats with control$ or several window lengths', () => {
  const incomplete = (windowStart: number, names: string, key: string): ClosedWindow<string> =>
    window(windowStart, names, { key, complete: false });

  it.each([
    ['a key', { key: 'BTC' }, '-----(yzw)-'],
    ['a clock group', { clock: 'v1' }, '-----(yxw)-'],
    ['a key of a clock group', { key: 'BTC', clock: 'v1' }, '-----(yw)--'],
    ['all keys', {}, '-----(yxzw)'],
  ])('emits the open windows at a cut of %s, ordered by end, with complete: false', (_, cut, expected) => {
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

  it('emits a cut window once, calls onLate for its later values, and emits the next one as complete', () => {
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

  it('advances event time with a late value of a cut window', () => {
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

  it('emits the last windows of an epoch before the first window of the next epoch', () => {
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

  it('ignores the completion of control$, and fails with its error', () => {
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

  it('does not emit a cut window again at its end or at a second cut', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('   -a----------------', trades({ a: 9 }));
      const control$ = hot<WindowControl>('---x--------x-----', { x: { kind: 'cut' } });
      const unsub = '        -----------------!';
      const expected = '     ---w--------------';
      const idle = { ...options, idleAfterMs: 5, control$ };
      expectObservable(source.pipe(windowStats(idle)), unsub).toBe(expected, { w: incomplete(0, 'a', 'k') });
    });
  });

  it('closes held windows at their release if they are over, and otherwise after a pause', () => {
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

  it('after a hold with closedEnd, treats a new key’s value as late only if its window ends at or before closedEnd', () => {
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
