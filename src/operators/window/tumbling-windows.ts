import { type ClosedWindow, type Window, WindowTimeline } from './window-timeline.ts';

export interface TumblingWindowsOptions<T, A> {
  /** Length of every window, or several lengths, milliseconds. The first windows begin at 1970-01-01T00:00:00Z. */
  readonly windowMs: number | readonly number[];
  /** How far event time has to be past a window's end before that closes, milliseconds. */
  readonly allowedLatenessMs: number;
  /** How long, in addition, a clock group has to be silent before time alone closes its windows, milliseconds. */
  readonly idleAfterMs: number;
  /** Event time, milliseconds. */
  timestampOf(value: T): number;
  /** Each key has windows of its own. */
  keyOf(value: T): string;
  /** The group whose values advance event time together; default: the key itself. */
  clockOf?(value: T): string;
  /** A new window's accumulator; the value is added to it next. */
  create(windowStart: number, key: string, value: T): A;
  /** The accumulator with the value in it: the same object or a new one. */
  add(accumulator: A, value: T): A;
  /** Called once for each value that a window has no place for: that has closed, or the timestamp is no number. */
  onLate?(value: T): void;
}

/** Which windows to close now: those of a key, of a clock group, of a key in a clock group; all of them without either. */
export interface Cut {
  readonly key?: string;
  readonly clock?: string;
}

/** A key in its clock group. */
export interface KeyInGroup {
  readonly key: string;
  /** Default: the key itself, as without `clockOf`. */
  readonly clock?: string;
}

/** The windows of one length that one key has in its clock group. */
interface KeyWindows<A> {
  /** Its group's. */
  readonly timeline: WindowTimeline<A>;
  /** Has them while they are held, in the time at which that began. */
  held: WindowTimeline<A> | undefined;
  /** Windows that end here or before were closed for the key before it came. */
  closedEnd: number;
  /** Where the last value went: the next one mostly goes there, and with thousands of keys a look-up is a large part of it. */
  windowStart: number;
  window: Window<A> | undefined;
}

/** What shares one event time. */
interface ClockGroup<A> {
  /** One for each length. */
  readonly timelines: readonly WindowTimeline<A>[];
  /** Time of the last value, on the caller's clock. */
  lastDataAt: number;
  /** By key, in the order of the lengths. */
  readonly keys: Map<string, readonly KeyWindows<A>[]>;
}

/** A state machine over all keys; `now` is the caller's clock, in milliseconds, from anywhere. */
export interface TumblingWindows<T, A> {
  /** Puts a value into its windows. The windows that its timestamp closes, by end. */
  add(value: T, now: number): readonly ClosedWindow<A>[];
  /** The windows that silence closes at `now`, by end. */
  idle(now: number): readonly ClosedWindow<A>[];
  /** When `idle` has something to close if no value comes; undefined: no window is open. */
  nextIdleAt(): number | undefined;
  /** Closes windows before their time, by end. Values for them that come later are too late. */
  cut(which: Cut): readonly ClosedWindow<A>[];
  /**
   * Holds a key's windows open until `release`, however time goes on for its group: what is late for the key is judged
   * as of now. `closedEnd`, for a key that begins: windows of a length that end there or before have closed for it, and
   * no other. A key that is held stays as it is.
   */
  hold(which: KeyInGroup, closedEnd?: (windowMs: number) => number): void;
  /** Ends a hold. The windows that have to close by now, by end. */
  release(which: KeyInGroup): readonly ClosedWindow<A>[];
}

const NONE: readonly never[] = [];
const NEVER = Number.NEGATIVE_INFINITY;
const byEnd = (a: ClosedWindow<unknown>, b: ClosedWindow<unknown>): number => a.windowEnd - b.windowEnd;

/**
 * Tumbling windows on event time.
 *
 * A window closes when its group's event time reaches its end + `allowedLatenessMs`; or after a silence of its group of
 * `allowedLatenessMs` + `idleAfterMs`, once its end + `allowedLatenessMs` is reached by event time as it would be had
 * it gone on with the clock; or at a cut. A value whose window has closed, or would have, is late. For a key that is held
 * time stands still in both respects; its values move the time of its group as any.
 */
export function createTumblingWindows<T, A>(options: TumblingWindowsOptions<T, A>): TumblingWindows<T, A> {
  const { windowMs, allowedLatenessMs, idleAfterMs } = options;
  const lengths = typeof windowMs === 'number' ? [windowMs] : windowMs;
  for (const length of lengths) if (!(length > 0)) throw new RangeError(`windowMs must be above 0, found ${length}`);
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

  /** When silence alone closes the earliest window of a timeline. */
  const idleAt = ({ lastDataAt }: ClockGroup<A>, { closesAt, eventTime }: WindowTimeline<A>): number =>
    lastDataAt + Math.max(allowedLatenessMs + idleAfterMs, closesAt - eventTime);

  /** False: it is late. */
  const put = (windows: KeyWindows<A>, key: string, timestamp: number, value: T): boolean => {
    const { timeline, held } = windows;
    const own = held ?? timeline;
    const windowStart = timeline.startOf(timestamp);
    if (Number.isNaN(timestamp) || windowStart + timeline.windowMs <= windows.closedEnd || own.hasClosed(windowStart))
      return false;
    if (timestamp > timeline.eventTime) timeline.eventTime = timestamp;
    // A window that has not closed is where it was, whichever timeline it has moved to.
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
          // At least what idleAt has found due, however fractions of a millisecond are rounded.
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
        // A key's windows are in its own timeline while it is held, else in the group's.
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
        windows.held.take(key, timeline);
      }
    },

    release({ key, clock = key }) {
      const closed: ClosedWindow<A>[] = [];
      for (const windows of groups.get(clock)?.keys.get(key) ?? NONE) {
        const { timeline, held } = windows;
        if (held === undefined) continue;
        windows.held = undefined;
        timeline.take(key, held);
        closed.push(...timeline.closeDue());
      }
      return closed.sort(byEnd);
    },
  };
}

/** Nothing of the key is kept but what its timeline has. */
function isForgettable({ timeline, held, closedEnd }: KeyWindows<unknown>): boolean {
  return held === undefined && (closedEnd === NEVER || timeline.hasClosed(closedEnd - timeline.windowMs));
}
