import { type ClosedWindow, type Window, WindowTimeline } from './window-timeline.ts';

export interface TumblingWindowsOptions<T, A> {
  /** Length of every window, milliseconds. The first begins at 1970-01-01T00:00:00Z. */
  readonly windowMs: number;
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
  /** Told of each value whose window has closed, or whose timestamp is no number; it is in no window. */
  onLate?(value: T): void;
}

/** Which windows to close now: those of a key, of a clock group, of a key in a clock group; all of them where neither is given. */
export interface Cut {
  readonly key?: string;
  readonly clock?: string;
}

/** A key in its clock group. */
export interface KeyInGroup {
  readonly key: string;
  /** Default: the key itself, as where there is no `clockOf`. */
  readonly clock?: string;
}

/** What shares one event time. */
interface ClockGroup<A> {
  readonly timeline: WindowTimeline<A>;
  /** Time of the last value, on the caller's clock. */
  lastDataAt: number;
  /** Keys whose windows are held open, each in the time at which that began. */
  readonly held: Map<string, WindowTimeline<A>>;
}

/** The windows of one key, to be kept by who has its values at hand. */
export interface WindowsOfKey<T, A> {
  /** As that of all, for a value of this key and group: they are not asked for. */
  add(value: T, now: number): readonly ClosedWindow<A>[];
}

/** Where the values of a key go. */
interface Place<A> {
  readonly key: string;
  readonly group: ClockGroup<A>;
  /** Where the last value went: the next one mostly goes there, and with thousands of keys a look-up is a large part of it. */
  windowStart: number;
  window: Window<A> | undefined;
}

/** A state machine over all keys; `now` is the caller's clock, in milliseconds, from anywhere. */
export interface TumblingWindows<T, A> {
  /** Puts a value into its window. The windows that its timestamp closes, by end. */
  add(value: T, now: number): readonly ClosedWindow<A>[];
  of(which: KeyInGroup): WindowsOfKey<T, A>;
  /** The windows that silence closes at `now`, by end. */
  idle(now: number): readonly ClosedWindow<A>[];
  /** When `idle` has something to close if no value comes; undefined: no window is open. */
  nextIdleAt(): number | undefined;
  /** Closes windows before their time, by end. Values for them that come later are too late. */
  cut(which: Cut): readonly ClosedWindow<A>[];
  /**
   * Holds a key's windows open until `release`, however time goes on for its group: what is late for the key is judged
   * as of now. `closedEnd`: as if all of the key's windows that end there or before had closed, and no other; for a key
   * that has not come yet. A key that is held stays as it is.
   */
  hold(which: KeyInGroup, closedEnd?: number): void;
  /** Ends a hold. The windows that have to close by now, by end. */
  release(which: KeyInGroup): readonly ClosedWindow<A>[];
}

const NONE: readonly never[] = [];
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
  if (!(windowMs > 0)) throw new RangeError(`windowMs must be above 0, found ${windowMs}`);
  const groups = new Map<string, ClockGroup<A>>();

  const groupOf = (clock: string): ClockGroup<A> => {
    let group = groups.get(clock);
    if (group === undefined) {
      const timeline = new WindowTimeline<A>(windowMs, allowedLatenessMs);
      group = { timeline, lastDataAt: Number.NEGATIVE_INFINITY, held: new Map() };
      groups.set(clock, group);
    }
    return group;
  };

  /** When silence alone closes the earliest window of the group. */
  const idleAt = ({ timeline, lastDataAt }: ClockGroup<A>): number =>
    lastDataAt + Math.max(allowedLatenessMs + idleAfterMs, timeline.closesAt - timeline.eventTime);

  const placeOf = ({ key, clock = key }: KeyInGroup): Place<A> => ({
    key,
    group: groupOf(clock),
    windowStart: Number.NaN,
    window: undefined,
  });

  const add = (place: Place<A>, value: T, now: number): readonly ClosedWindow<A>[] => {
    const { key, group } = place;
    const timestamp = options.timestampOf(value);
    const windowStart = Math.floor(timestamp / windowMs) * windowMs;
    const { timeline, held } = group;
    const own = held.size === 0 ? timeline : (held.get(key) ?? timeline);

    group.lastDataAt = now;
    if (Number.isNaN(timestamp) || own.hasClosed(windowStart)) {
      options.onLate?.(value);
      return NONE;
    }
    let closed: readonly ClosedWindow<A>[] = NONE;
    if (timestamp > timeline.eventTime) {
      timeline.eventTime = timestamp;
      closed = timeline.closeDue();
    }
    // A window that has not closed is where it was, whichever timeline it has moved to.
    let window = windowStart === place.windowStart ? place.window : own.window(windowStart, key);
    if (window === undefined) {
      window = { accumulator: options.add(options.create(windowStart, key, value), value), cut: false };
      own.open(windowStart, key, window);
    } else if (window.cut) {
      options.onLate?.(value);
    } else {
      window.accumulator = options.add(window.accumulator, value);
    }
    place.windowStart = windowStart;
    place.window = window;
    return closed;
  };

  return {
    add(value, now) {
      const key = options.keyOf(value);
      return add(placeOf({ key, clock: options.clockOf?.(value) ?? key }), value, now);
    },

    of(which) {
      const place = placeOf(which);
      return { add: (value, now) => add(place, value, now) };
    },

    idle(now) {
      const closed: ClosedWindow<A>[] = [];
      for (const group of groups.values()) {
        const { timeline, lastDataAt } = group;
        if (timeline.isEmpty || now < idleAt(group)) continue;
        // At least what idleAt has found due, however fractions of a millisecond are rounded.
        const reached = Math.max(timeline.closesAt, timeline.eventTime + (now - lastDataAt));
        closed.push(...timeline.closeDue({ eventTime: reached, closedEnd: timeline.closedEnd }));
      }
      return closed.sort(byEnd);
    },

    nextIdleAt() {
      let next: number | undefined;
      for (const group of groups.values()) {
        if (!group.timeline.isEmpty) next = Math.min(next ?? Number.POSITIVE_INFINITY, idleAt(group));
      }
      return next;
    },

    cut({ key, clock }) {
      const closed: ClosedWindow<A>[] = [];
      for (const [name, { timeline, held }] of groups) {
        if (clock !== undefined && clock !== name) continue;
        // A key's windows are in its own timeline while it is held, else in the group's.
        const timelines = key === undefined ? [timeline, ...held.values()] : [held.get(key) ?? timeline];
        for (const each of timelines) closed.push(...each.cut(key));
      }
      return closed.sort(byEnd);
    },

    hold({ key, clock = key }, closedEnd) {
      const { timeline, held } = groupOf(clock);
      if (held.has(key)) return;
      const stopped = new WindowTimeline<A>(windowMs, allowedLatenessMs);
      if (closedEnd === undefined) stopped.eventTime = timeline.eventTime;
      stopped.closedEnd = closedEnd ?? timeline.closedEnd;
      stopped.take(key, timeline);
      held.set(key, stopped);
    },

    release({ key, clock = key }) {
      const group = groups.get(clock);
      const stopped = group?.held.get(key);
      if (group === undefined || stopped === undefined) return NONE;
      const { timeline, held } = group;
      held.delete(key);
      timeline.closedEnd = Math.max(timeline.closedEnd, stopped.closedEnd);
      timeline.take(key, stopped);
      return timeline.closeDue();
    },
  };
}
