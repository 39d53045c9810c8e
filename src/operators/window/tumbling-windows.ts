import { FUNCTION, LENGTHS_MS, MS, type OptionRules, required, requireOptions } from '../check-option.ts';
import { type ClosedWindow, type Window, WindowTimeline } from './window-timeline.ts';

/** Options of tumbling windows: their lengths, event time, keys and accumulators. */
export interface TumblingWindowsOptions<T, A> {
  /**
   * Length of the windows, or several lengths, milliseconds. The windows of each length are aligned to
   * 1970-01-01T00:00:00Z.
   */
  readonly windowMs: number | readonly number[];
  /** How far event time must pass a window's end before the window closes, milliseconds. */
  readonly allowedLatenessMs: number;
  /**
   * After `allowedLatenessMs` plus this time without a value, a clock group's event time continues with the caller's
   * clock. Milliseconds.
   */
  readonly idleAfterMs: number;
  /** Event time, milliseconds. */
  timestampOf(value: T): number;
  /** Each key has its own windows. */
  keyOf(value: T): string;
  /** Returns the value's clock group: the keys of a group have one event time. Default: the key itself. */
  clockOf?(value: T): string;
  /** Makes the accumulator of a new window. Then `add` is called with the same value. */
  create(windowStart: number, key: string, value: T): A;
  /** Returns the accumulator with the value in it: the same object or a new one. */
  add(accumulator: A, value: T): A;
  /** Called once for each value that came after one of its windows closed, or whose timestamp is not a number. */
  onLate?(value: T): void;
}

export const WINDOW_RULES: OptionRules<TumblingWindowsOptions<unknown, unknown>> = {
  windowMs: required(LENGTHS_MS),
  allowedLatenessMs: required(MS),
  idleAfterMs: required(MS),
  timestampOf: required(FUNCTION),
  keyOf: required(FUNCTION),
  clockOf: FUNCTION,
  create: required(FUNCTION),
  add: required(FUNCTION),
  onLate: FUNCTION,
};

/** Selects windows to close now: of a key, of a clock group, of a key in a clock group, or all. */
export interface Cut {
  readonly key?: string;
  readonly clock?: string;
}

/** Names a key in its clock group. */
export interface KeyInGroup {
  readonly key: string;
  /** Default: the key itself, as without `clockOf`. */
  readonly clock?: string;
}

/** The windows of one length and key. */
interface KeyWindows<A> {
  readonly timeline: WindowTimeline<A>;
  /** While `hold` keeps the key's windows open, their timeline. Otherwise undefined: they are in `timeline`. */
  held: WindowTimeline<A> | undefined;
  /** The key's windows that end at or before this time count as closed. */
  closedEnd: number;
  /**
   * Start of the last value's window. The next value usually belongs to this window too, and look-ups are expensive.
   */
  windowStart: number;
  window: Window<A> | undefined;
}

/** Keys that share one event time. */
interface ClockGroup<A> {
  /** One timeline for each window length. */
  readonly timelines: readonly WindowTimeline<A>[];
  /** When the last value came, by the caller's clock, milliseconds. */
  lastDataAt: number;
  /** The windows of each key, in the order of the lengths. */
  readonly keys: Map<string, readonly KeyWindows<A>[]>;
}

/** State machine of the windows of all keys. `now` is the caller's clock, in milliseconds from any start. */
export interface TumblingWindows<T, A> {
  /** Adds a value to its windows. Returns the windows that its timestamp closes, ordered by end. */
  add(value: T, now: number): readonly ClosedWindow<A>[];
  /** Returns the windows that close at `now` because no value came, ordered by end. */
  idle(now: number): readonly ClosedWindow<A>[];
  /** Returns when `idle` will close a window if no value comes; undefined if no window is open. */
  nextIdleAt(): number | undefined;
  /** Closes windows now, and returns them ordered by end. Later values of these windows are late. */
  cut(which: Cut): readonly ClosedWindow<A>[];
  /**
   * Keeps a key's windows open until `release`, while the time of its group continues. Until then, a value of the key
   * is late only if it would be late now. `closedEnd` is for a new key: its windows of length `windowMs` that end at or
   * before the returned time count as closed. A second hold of the same key has no effect.
   */
  hold(which: KeyInGroup, closedEnd?: (windowMs: number) => number): void;
  /** Ends a hold. Returns the windows that became due meanwhile, ordered by end. */
  release(which: KeyInGroup): readonly ClosedWindow<A>[];
}

const NONE: readonly never[] = [];
const NEVER = Number.NEGATIVE_INFINITY;
const byEnd = (a: ClosedWindow<unknown>, b: ClosedWindow<unknown>): number => a.windowEnd - b.windowEnd;

/**
 * Makes the state machine of tumbling windows of event time, without rxjs.
 *
 * A window closes when the event time of its clock group reaches the window's end + `allowedLatenessMs`. If the group
 * has no value for `allowedLatenessMs` + `idleAfterMs`, its event time continues with the caller's clock. A cut closes
 * a window at once. A value is late if its window has closed, or would have closed. The time of a held key stops, but
 * its values advance its group's time.
 */
export function createTumblingWindows<T, A>(options: TumblingWindowsOptions<T, A>): TumblingWindows<T, A> {
  requireOptions('createTumblingWindows', options, WINDOW_RULES);
  return tumblingWindows(options);
}

/** Makes the state machine of options that were checked. */
export function tumblingWindows<T, A>(options: TumblingWindowsOptions<T, A>): TumblingWindows<T, A> {
  const { windowMs, allowedLatenessMs, idleAfterMs } = options;
  const lengths = typeof windowMs === 'number' ? [windowMs] : windowMs;
  const groups = new Map<string, ClockGroup<A>>();

  const groupOf = (clock: string): ClockGroup<A> => {
    let group = groups.get(clock);
    if (group === undefined) {
      const timelines = lengths.map((length) => new WindowTimeline<A>(length, allowedLatenessMs));
      group = { timelines, lastDataAt: NEVER, keys: new Map() };
      groups.set(clock, group);
    }
    return group;
  };
  const windowsOf = ({ keys, timelines }: ClockGroup<A>, key: string): readonly KeyWindows<A>[] => {
    let all = keys.get(key);
    if (all === undefined) {
      const none = { held: undefined, closedEnd: NEVER, windowStart: Number.NaN, window: undefined };
      all = timelines.map((timeline) => ({ timeline, ...none }));
      keys.set(key, all);
    }
    return all;
  };

  /** Returns when the earliest window of a timeline closes if no value comes. */
  const idleAt = ({ lastDataAt }: ClockGroup<A>, { closesAt, eventTime }: WindowTimeline<A>): number =>
    lastDataAt + Math.max(allowedLatenessMs + idleAfterMs, closesAt - eventTime);

  /** Adds a value to its window. Returns false if the value is late. */
  const put = (windows: KeyWindows<A>, key: string, timestamp: number, value: T): boolean => {
    const { timeline, held } = windows;
    const own = held ?? timeline;
    const windowStart = timeline.startOf(timestamp);
    if (Number.isNaN(timestamp) || windowStart + timeline.windowMs <= windows.closedEnd || own.hasClosed(windowStart))
      return false;
    if (timestamp > timeline.eventTime) timeline.eventTime = timestamp;
    // The remembered window stays valid if it moves to another timeline.
    let window = windowStart === windows.windowStart ? windows.window : own.window(windowStart, key);
    if (window === undefined) {
      window = { accumulator: options.add(options.create(windowStart, key, value), value), cut: false };
      own.open(windowStart, key, window);
    } else if (!window.cut) window.accumulator = options.add(window.accumulator, value);
    windows.windowStart = windowStart;
    windows.window = window;
    return !window.cut;
  };

  return {
    add(value, now) {
      const key = options.keyOf(value);
      const timestamp = options.timestampOf(value);
      const group = groupOf(options.clockOf?.(value) ?? key);
      group.lastDataAt = now;
      let closed: readonly ClosedWindow<A>[] = NONE;
      let isLate = false;
      for (const windows of windowsOf(group, key)) {
        if (!put(windows, key, timestamp, value)) isLate = true;
        const due = windows.timeline.closeDue();
        if (due.length > 0) closed = closed.length === 0 ? due : [...closed, ...due].sort(byEnd);
      }
      if (isLate) options.onLate?.(value);
      return closed;
    },

    idle(now) {
      const closed: ClosedWindow<A>[] = [];
      for (const group of groups.values()) {
        for (const timeline of group.timelines) {
          if (timeline.isEmpty || now < idleAt(group, timeline)) continue;
          // At least `closesAt`: otherwise, rounding could leave a window open at the time that `idleAt` returned.
          const reached = Math.max(timeline.closesAt, timeline.eventTime + (now - group.lastDataAt));
          closed.push(...timeline.closeDue(reached));
        }
      }
      return closed.sort(byEnd);
    },

    nextIdleAt() {
      let next: number | undefined;
      for (const group of groups.values()) {
        for (const timeline of group.timelines)
          if (!timeline.isEmpty) next = Math.min(next ?? Number.POSITIVE_INFINITY, idleAt(group, timeline));
      }
      return next;
    },

    cut({ key, clock }) {
      const closed: ClosedWindow<A>[] = [];
      for (const [name, { timelines, keys }] of groups) {
        if (clock !== undefined && clock !== name) continue;
        if (key === undefined) for (const timeline of timelines) closed.push(...timeline.cut());
        const own = key === undefined ? [...keys.values()].flat() : (keys.get(key) ?? NONE);
        // A key's windows are in its own timeline while held, otherwise in the group's.
        for (const { timeline, held } of own)
          if (held !== undefined || key !== undefined) closed.push(...(held ?? timeline).cut(key));
        if (key !== undefined && own.every(isForgettable)) keys.delete(key);
      }
      return closed.sort(byEnd);
    },

    hold({ key, clock = key }, closedEnd) {
      for (const windows of windowsOf(groupOf(clock), key)) {
        const { timeline, held } = windows;
        if (held !== undefined) continue;
        windows.held = new WindowTimeline<A>(timeline.windowMs, allowedLatenessMs);
        if (closedEnd === undefined) {
          windows.held.eventTime = timeline.eventTime;
          windows.held.closedEnd = timeline.closedEnd;
        } else windows.closedEnd = closedEnd(timeline.windowMs);
        windows.held.moveKey(key, timeline);
      }
    },

    release({ key, clock = key }) {
      const closed: ClosedWindow<A>[] = [];
      for (const windows of groups.get(clock)?.keys.get(key) ?? NONE) {
        const { timeline, held } = windows;
        if (held === undefined) continue;
        windows.held = undefined;
        timeline.moveKey(key, held);
        closed.push(...timeline.closeDue());
      }
      return closed.sort(byEnd);
    },
  };
}

/** Returns true if the key's state can be forgotten, because its timeline alone decides which values are late. */
function isForgettable({ timeline, held, closedEnd }: KeyWindows<unknown>): boolean {
  return held === undefined && (closedEnd === NEVER || timeline.hasClosed(closedEnd - timeline.windowMs));
}
