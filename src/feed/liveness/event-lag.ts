import { getOrCreate } from '../../domain/get-or-create.ts';
import type { ClockEstimate } from '../../domain/status-snapshot.ts';
import type { VenueFeedEvent } from '../venue-feed-options.ts';
import type { MeasuredLag } from './channel-watch.ts';

/** A thread that computes for this fraction of the time or more reads its sockets late. */
const BUSY_SHARE = 0.8;
/** A lag is shown for this long after it was measured, milliseconds. */
const SHOWN_MS = 10_000;
/** A line is late after this many seconds in a row with late data. */
const LATE_SECONDS = 2;

/** The options of `EventLag`. Times are the scheduler's milliseconds. */
export interface EventLagOptions {
  readonly venue: string;
  /** The greatest lag of data that is not late, milliseconds. */
  readonly maxEventLagMs: number;
  /** Pause until a late line's connection is replaced again, milliseconds. */
  readonly againAfterMs: number;
  /** The venue's clock. Null if it is not measured; then nothing counts as late. */
  readonly clock: () => ClockEstimate | null;
  /** How long this thread has computed so far, milliseconds. */
  readonly busyMs: () => number;
  /** Returns the group of a line. Lines of one group carry the same symbols. */
  readonly groupOf: (line: number) => number | undefined;
  /**
   * Receives each second whether this venue is late, to compare other venues with it. Undefined if this is not known.
   */
  readonly judged: (isLate: boolean | undefined, now: number) => void;
  /** True if another venue's data is not late. */
  readonly isFresherElsewhere: (now: number) => boolean;
  /** Replaces the line's connection. */
  readonly replace: (line: number) => void;
  readonly report: (event: Extract<VenueFeedEvent, { kind: 'status' | 'stale' | 'recovered' }>) => void;
}

interface LineLag {
  lagMs: number;
  at: number;
  lateSeconds: number;
  isReported: boolean;
  replacedAt: number;
}

/** Where the cause of late data is: at the venue or its link, or in this process, its host or its network. */
type Place = 'venue' | 'process';

/**
 * Finds data that arrives late. The event lag is the time from a venue's event to its receipt, corrected by the clock
 * offset. A line is late if its least lag exceeds `maxEventLagMs` in two consecutive seconds with data. Its connection
 * is replaced if another line of its group is on time. If all lines of a group are late, the venue is late. It counts
 * as stale for failover if another venue is on time. Otherwise, or while this thread is busy, this host is probably
 * slow, and connecting again would only add load.
 */
export class EventLag {
  readonly #options: EventLagOptions;
  readonly #lines = new Map<number, LineLag>();
  readonly #symbols = new Map<string, { readonly lagMs: number; readonly at: number }>();
  #late: Place | undefined;
  #sweptAt = Number.NaN;
  #busyMs = Number.NaN;

  constructor(options: EventLagOptions) {
    this.#options = options;
  }

  /** True while the venue's data is late. Such data does not prove that the venue delivers. */
  get isLate(): boolean {
    return this.#late !== undefined;
  }

  /** The venue's least event lag, milliseconds. Null if it was not measured in the last ten seconds. */
  venueMs(now: number): number | null {
    const shown = this.linesMs(now).map(({ eventLagMs }) => eventLagMs);
    return shown.length === 0 ? null : Math.min(...shown);
  }

  /** The least event lag of each line, milliseconds, without lines that were not measured in the last ten seconds. */
  linesMs(now: number): readonly { readonly line: number; readonly eventLagMs: number }[] {
    return [...this.#lines].flatMap(([line, { lagMs, at }]) =>
      now - at < SHOWN_MS ? { line, eventLagMs: lagMs } : [],
    );
  }

  /** A symbol's event lag, milliseconds. Null if it was not measured in the last ten seconds. */
  symbolMs(symbol: string | null, now: number): number | null {
    const lag = symbol === null ? undefined : this.#symbols.get(symbol);
    return lag === undefined || now - lag.at >= SHOWN_MS ? null : lag.lagMs;
  }

  /** Notes that the venue was stale and has data again. Its lag is judged from the beginning. */
  restart(): void {
    if (this.#late === 'venue') this.#options.report({ kind: 'recovered' });
    this.#late = undefined;
    for (const line of this.#lines.values()) line.lateSeconds = 0;
  }

  /** Judges the lags of the last second. Call it every `SWEEP_MS`. */
  sweep(measured: readonly MeasuredLag[], now: number): void {
    const isBusy = this.#isBusy(now);
    const clock = this.#options.clock();
    if (clock === null) {
      this.#lines.clear();
      this.#symbols.clear();
    } else this.#note(measured, clock, now);
    for (const [symbol, { at }] of this.#symbols) if (now - at >= SHOWN_MS) this.#symbols.delete(symbol);
    const groups = Map.groupBy(
      [...this.#lines].filter(([, { at }]) => now - at < SHOWN_MS),
      ([line]) => this.#options.groupOf(line),
    );
    const isLate = [...groups.values()].some((lines) => lines.every(([, lag]) => isLateLine(lag)));
    this.#options.judged(groups.size === 0 ? undefined : isLate || this.#mayBeLate(), now);
    this.#judgeVenue(isLate, isBusy, now);
    if (!isLate && !isBusy) for (const [line, lag] of this.#lines) this.#judgeLine(line, lag, now);
  }

  /** True if this thread was busy for most of the time since the last call. Then data may wait in its sockets. */
  #isBusy(now: number): boolean {
    const busyMs = this.#options.busyMs();
    const isBusy = busyMs - this.#busyMs >= BUSY_SHARE * (now - this.#sweptAt);
    this.#busyMs = busyMs;
    this.#sweptAt = now;
    return isBusy;
  }

  #note(measured: readonly MeasuredLag[], { offsetMs, uncertaintyMs }: ClockEstimate, now: number): void {
    const least = new Map<number, number>();
    for (const { symbol, line, lagMs: rawMs } of measured) {
      const lagMs = rawMs + offsetMs;
      least.set(line, Math.min(lagMs, least.get(line) ?? Number.POSITIVE_INFINITY));
      const known = this.#symbols.get(symbol);
      if (known?.at !== now || lagMs < known.lagMs) this.#symbols.set(symbol, { lagMs, at: now });
    }
    for (const [line, lagMs] of least) {
      const lag = getOrCreate(this.#lines, line, newLineLag);
      lag.lagMs = lagMs;
      lag.at = now;
      lag.lateSeconds = lagMs - uncertaintyMs > this.#options.maxEventLagMs ? lag.lateSeconds + 1 : 0;
    }
  }

  /** True if no line was on time in the last second: the venue may be found late in the next one. */
  #mayBeLate(): boolean {
    return [...this.#lines.values()].every(({ lateSeconds }) => lateSeconds > 0);
  }

  #judgeVenue(isLate: boolean, isBusy: boolean, now: number): void {
    const { venue, report, isFresherElsewhere, maxEventLagMs } = this.#options;
    const before = this.#late;
    this.#late = isLate ? (isFresherElsewhere(now) && !isBusy ? 'venue' : 'process') : undefined;
    if (this.#late === before) return;
    if (this.#late === undefined) {
      const reason = `data is at most ${maxEventLagMs} ms late again`;
      report({ kind: 'status', note: { state: 'feed_recovered', reason, venue } });
    } else {
      const lagMs = String(Math.round(this.venueMs(now) ?? maxEventLagMs));
      const reason = `data is ${lagMs} ms late${TEXTS[this.#late]}`;
      const details = { event_lag_ms: lagMs, place: this.#late };
      report({ kind: 'status', note: { state: 'feed_stale', reason, venue, cause: 'late', details } });
    }
    if (this.#late === 'venue') report({ kind: 'stale' });
    else if (before === 'venue') report({ kind: 'recovered' });
  }

  #judgeLine(line: number, lag: LineLag, now: number): void {
    const { venue, againAfterMs, replace, report } = this.#options;
    if (!isLateLine(lag)) {
      if (lag.isReported && lag.lateSeconds === 0) {
        lag.isReported = false;
        report({
          kind: 'status',
          note: { state: 'feed_recovered', reason: `line ${line} is on time again`, venue, line },
        });
      }
      return;
    }
    if (now - lag.replacedAt < againAfterMs) return;
    lag.replacedAt = now;
    lag.isReported = true;
    const lagMs = String(Math.round(lag.lagMs));
    const reason = `data of line ${line} is ${lagMs} ms late, another line's is not: the connection is replaced`;
    const details = { event_lag_ms: lagMs, step: 'connection_replaced' };
    report({ kind: 'status', note: { state: 'feed_stale', reason, venue, line, cause: 'late', details } });
    replace(line);
  }
}

const TEXTS: Readonly<Record<Place, string>> = {
  venue: ', and another venue is not late',
  process: ', and no other venue is known to be on time: this host or its network may be too slow',
};

function newLineLag(): LineLag {
  return {
    lagMs: 0,
    at: Number.NEGATIVE_INFINITY,
    lateSeconds: 0,
    isReported: false,
    replacedAt: Number.NEGATIVE_INFINITY,
  };
}

function isLateLine({ lateSeconds }: LineLag): boolean {
  return lateSeconds >= LATE_SECONDS;
}
