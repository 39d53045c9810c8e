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
  /** A new window's accumulator. */
  create(windowStart: number, key: string): A;
  /** The accumulator with the value in it: the same object or a new one. */
  add(accumulator: A, value: T): A;
  /** Told of each value whose window has closed; it is in no window. */
  onLate?(value: T): void;
}

export interface ClosedWindow<A> {
  readonly key: string;
  /** Inclusive, milliseconds. */
  readonly windowStart: number;
  /** Exclusive, milliseconds. */
  readonly windowEnd: number;
  readonly accumulator: A;
  /** False: a cut closed it before its time. */
  readonly complete: boolean;
}

/** Which windows to close now: those of a key, of a clock group, of a key in a clock group; all of them where neither is given. */
export interface Cut {
  readonly key?: string;
  readonly clock?: string;
}

interface Window<A> {
  accumulator: A;
  /** It was published before its time; its place is kept until then, so that it is not published again. */
  cut: boolean;
}

/** What shares one event time. */
interface ClockGroup<A> {
  /** Highest timestamp seen. */
  eventTime: number;
  /** Time of the last value, on the caller's clock. */
  lastDataAt: number;
  /** Windows that end here or before have closed. */
  closedEnd: number;
  /** Start of the earliest open window. */
  earliest: number;
  /** By start, then by key. */
  readonly windows: Map<number, Map<string, Window<A>>>;
}

/** A state machine over all keys; `now` is the caller's clock, in milliseconds, from anywhere. */
export interface TumblingWindows<T, A> {
  /** Puts a value into its window. The windows that its timestamp closes, by end. */
  add(value: T, now: number): readonly ClosedWindow<A>[];
  /** The windows that silence closes at `now`, by end. */
  idle(now: number): readonly ClosedWindow<A>[];
  /** When `idle` has something to close if no value comes; undefined: no window is open. */
  nextIdleAt(): number | undefined;
  /** Closes windows before their time, by end. Values for them that come later are too late. */
  cut(which: Cut): readonly ClosedWindow<A>[];
}

const NONE: readonly never[] = [];
const byEnd = (a: ClosedWindow<unknown>, b: ClosedWindow<unknown>): number => a.windowEnd - b.windowEnd;

/**
 * Tumbling windows on event time.
 *
 * A window closes when its group's event time reaches its end + `allowedLatenessMs`; or after a silence of its group of
 * `allowedLatenessMs` + `idleAfterMs`, once its end + `allowedLatenessMs` is reached by event time as it would be had
 * it gone on with the clock; or at a cut. A value whose window has closed, or would have, is late.
 */
export function createTumblingWindows<T, A>(options: TumblingWindowsOptions<T, A>): TumblingWindows<T, A> {
  const { windowMs, allowedLatenessMs, idleAfterMs } = options;
  if (!(windowMs > 0)) throw new RangeError(`windowMs must be above 0, found ${windowMs}`);
  const groups = new Map<string, ClockGroup<A>>();

  /** The event time that closes the earliest window of the group. */
  const closesAt = (group: ClockGroup<A>): number => group.earliest + windowMs + allowedLatenessMs;

  const closeUpTo = (group: ClockGroup<A>, time: number): readonly ClosedWindow<A>[] => {
    if (closesAt(group) > time) return NONE;
    const closed: ClosedWindow<A>[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const [windowStart, byKey] of [...group.windows].sort(([a], [b]) => a - b)) {
      const windowEnd = windowStart + windowMs;
      if (windowEnd + allowedLatenessMs > time) {
        earliest = windowStart;
        break;
      }
      group.windows.delete(windowStart);
      group.closedEnd = windowEnd;
      for (const [key, { accumulator, cut }] of byKey) {
        if (!cut) closed.push({ key, windowStart, windowEnd, accumulator, complete: true });
      }
    }
    group.earliest = earliest;
    return closed;
  };

  /** When silence alone closes the earliest window of the group. */
  const idleAt = (group: ClockGroup<A>): number => {
    const lastsMs = closesAt(group) - group.eventTime;
    return group.lastDataAt + Math.max(allowedLatenessMs + idleAfterMs, lastsMs);
  };

  return {
    add(value, now) {
      const key = options.keyOf(value);
      const clock = options.clockOf === undefined ? key : options.clockOf(value);
      const timestamp = options.timestampOf(value);
      const windowStart = Math.floor(timestamp / windowMs) * windowMs;

      let group = groups.get(clock);
      if (group === undefined) {
        group = {
          eventTime: timestamp,
          lastDataAt: now,
          closedEnd: Number.NEGATIVE_INFINITY,
          earliest: Number.POSITIVE_INFINITY,
          windows: new Map(),
        };
        groups.set(clock, group);
      }
      group.lastDataAt = now;
      const windowEnd = windowStart + windowMs;
      if (windowEnd + allowedLatenessMs <= group.eventTime || windowEnd <= group.closedEnd) {
        options.onLate?.(value);
        return NONE;
      }

      let closed: readonly ClosedWindow<A>[] = NONE;
      if (timestamp > group.eventTime) {
        group.eventTime = timestamp;
        closed = closeUpTo(group, timestamp);
      }

      let byKey = group.windows.get(windowStart);
      if (byKey === undefined) {
        byKey = new Map();
        group.windows.set(windowStart, byKey);
        if (windowStart < group.earliest) group.earliest = windowStart;
      }
      const window = byKey.get(key);
      if (window === undefined) {
        byKey.set(key, { accumulator: options.add(options.create(windowStart, key), value), cut: false });
      } else if (window.cut) {
        options.onLate?.(value);
      } else {
        window.accumulator = options.add(window.accumulator, value);
      }
      return closed;
    },

    idle(now) {
      const closed: ClosedWindow<A>[] = [];
      for (const group of groups.values()) {
        if (group.windows.size === 0 || now < idleAt(group)) continue;
        // At least what idleAt has found due, however fractions of a millisecond are rounded.
        const reached = Math.max(closesAt(group), group.eventTime + (now - group.lastDataAt));
        closed.push(...closeUpTo(group, reached));
      }
      return closed.sort(byEnd);
    },

    nextIdleAt() {
      let next: number | undefined;
      for (const group of groups.values()) {
        if (group.windows.size > 0) next = Math.min(next ?? Number.POSITIVE_INFINITY, idleAt(group));
      }
      return next;
    },

    cut({ key, clock }) {
      const closed: ClosedWindow<A>[] = [];
      for (const [name, group] of groups) {
        if (clock !== undefined && clock !== name) continue;
        for (const [windowStart, byKey] of group.windows) {
          for (const [owner, window] of byKey) {
            if (window.cut || (key !== undefined && key !== owner)) continue;
            window.cut = true;
            const windowEnd = windowStart + windowMs;
            closed.push({ key: owner, windowStart, windowEnd, accumulator: window.accumulator, complete: false });
          }
        }
      }
      return closed.sort(byEnd);
    },
  };
}
