import type { TradeStats } from '../../domain/record.ts';
import {
  createTumblingWindows,
  type KeyInGroup,
  type TumblingWindows,
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

/** What the windows are of. */
export interface WindowedSeries extends SummedSeries {
  readonly id: string;
  readonly venue: string;
  /** A trade has come in this run. */
  readonly hasTraded: boolean;
}

/** A trade with what it is counted for. */
interface Counted {
  readonly series: WindowedSeries;
  readonly trade: SequencedTrade;
}

/** The windows of all lengths of all series; what closes is a record. Event time is the venue's. */
export class OpenWindows {
  readonly #windows: TumblingWindows<Counted, OpenWindow>;
  /** Trades that came too late for a window of theirs. */
  late = 0;

  constructor({ windowsMs, allowedLatenessMs, idleAfterMs }: OpenWindowsOptions) {
    this.#windows = createTumblingWindows({
      windowMs: windowsMs,
      allowedLatenessMs,
      idleAfterMs,
      timestampOf: ({ trade }) => trade.timestamp,
      keyOf: ({ series }) => series.id,
      clockOf: ({ series }) => series.venue,
      create: (_windowStart, _key, { series }) => new OpenWindow(series),
      add: (window, { trade }) => window.add(trade),
      // The trades of a previous run were counted then.
      onLate: ({ series }) => {
        if (series.hasTraded) this.late++;
      },
    });
  }

  add(series: WindowedSeries, trade: SequencedTrade, now: number): readonly TradeStats[] {
    series.origin ??= trade;
    return recordsOf(this.#windows.add({ series, trade }, now));
  }

  /** Holds the windows of a series that begins; those up to the end given for their length are published. To be called before its trades. */
  begin(series: WindowedSeries, publishedTo: (windowMs: number) => number): void {
    this.#windows.hold(placeOf(series), publishedTo);
  }

  hold(series: WindowedSeries): void {
    this.#windows.hold(placeOf(series));
  }

  release(series: WindowedSeries): readonly TradeStats[] {
    return recordsOf(this.#windows.release(placeOf(series)));
  }

  cut(series: WindowedSeries): readonly TradeStats[] {
    return recordsOf(this.#windows.cut(placeOf(series)));
  }

  /** Forgets the windows of a series that is held; the others that close now. */
  drop(series: WindowedSeries): readonly TradeStats[] {
    this.cut(series);
    return this.release(series);
  }

  idle(now: number): readonly TradeStats[] {
    return recordsOf(this.#windows.idle(now));
  }

  /** Infinity: no window is open. */
  nextIdleAt(): number {
    return this.#windows.nextIdleAt() ?? Number.POSITIVE_INFINITY;
  }
}

function recordsOf(closed: readonly ClosedWindow<OpenWindow>[]): readonly TradeStats[] {
  return closed.flatMap((window) => window.accumulator.record(window) ?? []);
}

function placeOf({ id, venue }: WindowedSeries): KeyInGroup {
  return { key: id, clock: venue };
}
