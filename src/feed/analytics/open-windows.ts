import type { TradeStats } from '../../domain/record.ts';
import {
  createTumblingWindows,
  type KeyInGroup,
  type TumblingWindows,
  type WindowsOfKey,
} from '../../operators/window/tumbling-windows.ts';
import type { ClosedWindow } from '../../operators/window/window-timeline.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import { OpenWindow, type SummedSeries } from './open-window.ts';

export interface OpenWindowsOptions {
  /** Lengths, milliseconds. */
  readonly windowsMs: readonly number[];
  readonly allowedLatenessMs: number;
  /** A venue without trades for as long, in addition to the lateness, has its windows closed by the clock. */
  readonly idleAfterMs: number;
}

/** A trade with what it is counted for. */
export interface Counted {
  readonly series: WindowedSeries;
  readonly trade: SequencedTrade;
}

/** The windows of one series, of each length. */
export type SeriesWindows = readonly WindowsOfKey<Counted, OpenWindow>[];

/** What the windows are of. */
export interface WindowedSeries extends SummedSeries {
  readonly id: string;
  readonly venue: string;
  /** Windows that hold this moment or an earlier one were published before; milliseconds, -Infinity for none. */
  readonly toldTo: number;
  /** Empty until it begins. */
  windows: SeriesWindows;
}

type Windows = TumblingWindows<Counted, OpenWindow>;

const NONE: readonly never[] = [];

/** The windows of all lengths of all series; what closes is a record. Event time is the venue's. */
export class OpenWindows {
  readonly #byLength: ReadonlyMap<number, Windows>;
  readonly #lengths: readonly number[];
  readonly #longestMs: number;
  #isLate = false;

  constructor({ windowsMs, allowedLatenessMs, idleAfterMs }: OpenWindowsOptions) {
    const open = (windowMs: number): Windows =>
      createTumblingWindows({
        windowMs,
        allowedLatenessMs,
        idleAfterMs,
        timestampOf: ({ trade }) => trade.timestamp,
        keyOf: ({ series }) => series.id,
        clockOf: ({ series }) => series.venue,
        create: (_windowStart, _key, { series }) => new OpenWindow(series),
        add: (window, { trade }) => window.add(trade),
        onLate: () => {
          this.#isLate = true;
        },
      });
    this.#lengths = windowsMs;
    this.#longestMs = Math.max(...windowsMs);
    this.#byLength = new Map(windowsMs.map((windowMs) => [windowMs, open(windowMs)]));
  }

  /** True when the last trade came too late for a window of its own. */
  get isLate(): boolean {
    return this.#isLate;
  }

  add(series: WindowedSeries, trade: SequencedTrade, now: number): readonly TradeStats[] {
    this.#isLate = false;
    series.origin ??= trade;
    const counted = { series, trade };
    let records: readonly TradeStats[] = NONE;
    const mayBeTold = trade.timestamp < series.toldTo + this.#longestMs;
    for (let index = 0; index < series.windows.length; index++) {
      const windows = series.windows[index] as SeriesWindows[number];
      if (mayBeTold && this.#wasTold(series, trade, index)) {
        this.#isLate = true;
        continue;
      }
      const closed = windows.add(counted, now);
      if (closed.length > 0) records = [...records, ...recordsOf(closed)];
    }
    return records;
  }

  #wasTold({ toldTo }: WindowedSeries, { timestamp }: SequencedTrade, index: number): boolean {
    const windowMs = this.#lengths[index] as number;
    return Math.floor(timestamp / windowMs) * windowMs <= toldTo;
  }

  /** Holds the windows of a series that begins; those up to the end given for their length are published. To be called before its trades. */
  begin(series: WindowedSeries, publishedTo: (windowMs: number) => number): void {
    for (const [windowMs, windows] of this.#byLength) windows.hold(placeOf(series), publishedTo(windowMs));
    series.windows = [...this.#byLength.values()].map((windows) => windows.of(placeOf(series)));
  }

  hold(series: WindowedSeries): void {
    for (const windows of this.#byLength.values()) windows.hold(placeOf(series));
  }

  release(series: WindowedSeries): readonly TradeStats[] {
    return this.#closed((windows) => windows.release(placeOf(series)));
  }

  cut(series: WindowedSeries): readonly TradeStats[] {
    return this.#closed((windows) => windows.cut(placeOf(series)));
  }

  /** Forgets the windows of a series that is held; the others that close now. */
  drop(series: WindowedSeries): readonly TradeStats[] {
    this.cut(series);
    return this.release(series);
  }

  idle(now: number): readonly TradeStats[] {
    return this.#closed((windows) => windows.idle(now));
  }

  /** Infinity: no window is open. */
  nextIdleAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const windows of this.#byLength.values()) next = Math.min(next, windows.nextIdleAt() ?? next);
    return next;
  }

  #closed(close: (windows: Windows) => readonly ClosedWindow<OpenWindow>[]): TradeStats[] {
    return [...this.#byLength.values()].flatMap((windows) => recordsOf(close(windows)));
  }
}

function recordsOf(closed: readonly ClosedWindow<OpenWindow>[]): TradeStats[] {
  return closed.flatMap((window) => window.accumulator.record(window) ?? []);
}

function placeOf({ id, venue }: WindowedSeries): KeyInGroup {
  return { key: id, clock: venue };
}
