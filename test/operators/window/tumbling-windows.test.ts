import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTumblingWindows, type TumblingWindows } from '../../../src/operators/window/tumbling-windows.ts';
import type { ClosedWindow } from '../../../src/operators/window/window-timeline.ts';

/** `b12` is a value of key b at 12. A key in capitals has its own clock; the others share one. */
type Value = `${string}${number}`;

interface Machine extends TumblingWindows<Value, string> {
  readonly late: Value[];
}

const keyOf = (value: Value): string => value.charAt(0);
const clockOf = (key: string): string => (key === key.toUpperCase() ? key : 'shared');
const place = (key: string) => ({ key, clock: clockOf(key) });

/** Windows of 10 ms, with 3 ms of lateness and 5 ms until idle. */
function machine(windowMs: number | readonly number[] = 10): Machine {
  const late: Value[] = [];
  const windows = createTumblingWindows<Value, string>({
    windowMs,
    allowedLatenessMs: 3,
    idleAfterMs: 5,
    timestampOf: (value) => Number(value.slice(1)),
    keyOf,
    clockOf: (value) => clockOf(keyOf(value)),
    create: () => '',
    add: (sum, value) => `${sum}${value.slice(1)} `,
    onLate: (value) => void late.push(value),
  });
  return { ...windows, late };
}

const textsOf = (closed: readonly ClosedWindow<string>[]): string[] =>
  closed.map(
    ({ key, windowStart, windowEnd, accumulator, complete }) =>
      `${key} ${windowStart}-${windowEnd}: ${accumulator.trim()}${complete ? '' : ', cut'}`,
  );

/** Adds values, and returns the windows that they close. */
const put = (windows: Machine, ...values: Value[]): string[] =>
  values.flatMap((value) => textsOf(windows.add(value, Number(value.slice(1)))));

describe('createTumblingWindows with a held key', () => {
  it('keeps the held key’s windows open and adds values to them while other keys’ windows close', () => {
    const windows = machine();
    put(windows, 'a4', 'b5');
    windows.hold(place('a'));
    expect(put(windows, 'b23')).toEqual(['b 0-10: 5']);
    expect(put(windows, 'a6', 'b6')).toEqual([]);
    expect(windows.late).toEqual(['b6']);
    expect(textsOf(windows.release(place('a')))).toEqual(['a 0-10: 4 6']);
  });

  it('accepts values for every window that was not over when the hold began', () => {
    const windows = machine();
    put(windows, 'a12');
    windows.hold(place('a'));
    put(windows, 'b99', 'a31', 'a15', 'a9', 'a0');
    expect(windows.late).toEqual([]);
    expect(textsOf(windows.release(place('a')))).toEqual(['a 0-10: 9 0', 'a 10-20: 12 15', 'a 30-40: 31']);
  });

  it('treats values for windows that closed before the hold as late', () => {
    const windows = machine();
    put(windows, 'a4', 'b13');
    windows.hold(place('a'));
    put(windows, 'b50', 'a5', 'a12');
    expect(windows.late).toEqual(['a5']);
    expect(textsOf(windows.release(place('a')))).toEqual(['a 10-20: 12']);
  });

  it('treats a value as late if its window was over before the hold, even if it never opened', () => {
    const windows = machine();
    put(windows, 'b13');
    windows.hold(place('a'));
    put(windows, 'a9', 'a10');
    expect(windows.late).toEqual(['a9']);
  });

  it('treats values for windows that a pause closed before the hold as late', () => {
    const windows = machine();
    put(windows, 'a4');
    expect(textsOf(windows.idle(20))).toEqual(['a 0-10: 4']);
    windows.hold(place('a'));
    put(windows, 'a5', 'a11');
    expect(windows.late).toEqual(['a5']);
  });

  it('closes at the release the windows that are over by event time of the group, and no others', () => {
    const windows = machine();
    put(windows, 'a4');
    windows.hold(place('a'));
    put(windows, 'b25', 'a14', 'a24');
    expect(textsOf(windows.release(place('a')))).toEqual(['a 0-10: 4', 'a 10-20: 14']);
    expect(put(windows, 'a12', 'a26', 'b33')).toEqual(['b 20-30: 25', 'a 20-30: 24 26']);
    expect(windows.late).toEqual(['a12']);
  });

  it('advances the event time of its group with values of the held key', () => {
    const windows = machine();
    put(windows, 'b4');
    windows.hold(place('a'));
    expect(put(windows, 'a13')).toEqual(['b 0-10: 4']);
  });

  it('does not close held windows in a pause, but does so after the release', () => {
    const windows = machine();
    put(windows, 'a4');
    windows.hold(place('a'));
    expect(windows.nextIdleAt()).toBeUndefined();
    expect(windows.idle(1000)).toEqual([]);
    expect(textsOf(windows.release(place('a')))).toEqual([]);
    expect(windows.nextIdleAt()).toBe(13);
    expect(textsOf(windows.idle(1000))).toEqual(['a 0-10: 4']);
  });

  it('leaves the windows of the held key out of nextIdleAt()', () => {
    const windows = machine();
    put(windows, 'a4', 'b12');
    windows.hold(place('a'));
    // This is when b's window [10, 20) closes. The held window of a would close earlier.
    expect(windows.nextIdleAt()).toBe(23);
    expect(textsOf(windows.idle(23))).toEqual(['b 10-20: 12']);
    expect(windows.nextIdleAt()).toBeUndefined();
  });

  it('returns a held window once at a cut, and treats its later values as late', () => {
    const windows = machine();
    put(windows, 'a4', 'b5');
    windows.hold(place('a'));
    expect(textsOf(windows.cut({ key: 'a' }))).toEqual(['a 0-10: 4, cut']);
    put(windows, 'a6');
    expect(windows.late).toEqual(['a6']);
    expect(windows.release(place('a'))).toEqual([]);
    expect(windows.cut({ key: 'a' })).toEqual([]);
    expect(put(windows, 'b13')).toEqual(['b 0-10: 5']);
  });

  it('ignores a second hold and a release of a key that is not held', () => {
    const windows = machine();
    put(windows, 'a4');
    windows.hold(place('a'));
    put(windows, 'b40');
    windows.hold(place('a'));
    windows.hold(place('a'), () => 100);
    put(windows, 'a7');
    expect(textsOf(windows.release(place('a')))).toEqual(['a 0-10: 4 7']);
    expect(windows.release(place('a'))).toEqual([]);
    expect(windows.release(place('never'))).toEqual([]);
    expect(windows.late).toEqual([]);
  });

  it('uses the key as the clock group if hold() and release() name none', () => {
    const windows = machine();
    windows.hold({ key: 'A' });
    expect(put(windows, 'A4', 'A50', 'A5')).toEqual([]);
    expect(textsOf(windows.release({ key: 'A' }))).toEqual(['A 0-10: 4 5']);
  });
});

describe('createTumblingWindows with a key that is held before its first value', () => {
  it('accepts values for windows that the group has already closed', () => {
    const windows = machine();
    put(windows, 'b50');
    windows.hold(place('a'), () => Number.NEGATIVE_INFINITY);
    expect(put(windows, 'a4', 'a44', 'a5')).toEqual([]);
    expect(textsOf(windows.release(place('a')))).toEqual(['a 0-10: 4 5']);
  });

  it('treats windows up to closedEnd as closed for this key only, during the hold and after it', () => {
    const windows = machine();
    windows.hold(place('a'), () => 20);
    put(windows, 'a19', 'a20', 'b18');
    expect(windows.late).toEqual(['a19']);
    expect(textsOf(windows.release(place('a')))).toEqual([]);
    put(windows, 'a17', 'b16');
    expect(windows.late).toEqual(['a19', 'a17']);
    expect(put(windows, 'b33')).toEqual(['b 10-20: 18 16', 'a 20-30: 20']);
  });
});

it('createTumblingWindows keeps 200,000 windows open at a time', () => {
  const windows = createTumblingWindows<number, number>({
    windowMs: 1,
    allowedLatenessMs: 200_000,
    idleAfterMs: 0,
    timestampOf: (value) => value,
    keyOf: () => 'k',
    create: () => 0,
    add: (count) => count + 1,
  });
  for (let time = 0; time <= 200_000; time++) windows.add(time, time);
  expect(windows.add(200_001, 200_001)).toMatchObject([{ windowStart: 0 }]);
});

describe('createTumblingWindows with several window lengths', () => {
  type What = 'value' | 'hold' | 'release' | 'cut' | 'idle';
  const step = fc.record({
    what: fc.oneof(
      { arbitrary: fc.constant<What>('value'), weight: 8 },
      { arbitrary: fc.constantFrom<What>('hold', 'release', 'cut', 'idle'), weight: 1 },
    ),
    key: fc.constantFrom('a', 'b', 'C'),
    /** Milliseconds from the time of the previous step, back or forward. */
    by: fc.integer({ min: -15, max: 8 }),
  });

  /** The windows that each step closes, sorted: groups that close together have no fixed order. */
  function run(steps: readonly { what: What; key: string; by: number }[], windows: Machine): string[][] {
    let time = 100;
    const out = steps.map(({ what, key, by }) => {
      time = Math.max(0, time + by);
      if (what === 'value') return textsOf(windows.add(`${key}${time}`, time)).sort();
      if (what === 'cut') return textsOf(windows.cut({ key })).sort();
      if (what === 'idle') return textsOf(windows.idle(time + 8)).sort();
      if (what === 'release') return textsOf(windows.release(place(key))).sort();
      windows.hold(place(key));
      return [];
    });
    return [...out, textsOf(windows.cut({})).sort()];
  }

  it('closes the same windows as a separate instance for each length, for any steps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const [short, long, both] = [machine(10), machine(25), machine([10, 25])];
        const [ofShort, ofLong] = [run(steps, short), run(steps, long)];
        expect(run(steps, both)).toEqual(ofShort.map((closed, at) => [...closed, ...(ofLong[at] ?? [])].sort()));
        const late = new Set([...short.late, ...long.late]);
        expect(new Set(both.late)).toEqual(late);
      }),
      { numRuns: 2000 },
    );
  });

  it('calls onLate once for a value that is late for both lengths', () => {
    const windows = machine([10, 20]);
    put(windows, 'a5', 'a50', 'a6');
    expect(windows.late).toEqual(['a6']);
  });
});
