import type { Gap, TradeEvent } from '../../domain/record.ts';

// Decides whether a window is complete: no trade in it can be missing.

/** A span of the venue's time, milliseconds, both ends inclusive. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** The id of a pending gap if the trade after it is not known. */
export const UNKNOWN_GAP = 'unknown';

/** A gap whose outcome is not known yet. Until it is known, any trade after the start of the gap may be missing. */
export interface PendingGap {
  readonly from: number;
  /** Until when the gap keeps windows open, milliseconds on the caller's clock. */
  readonly until: number;
  /** True if the gap keeps windows open only while the venue has data. */
  readonly endsWithoutData: boolean;
}

/**
 * For this time after a series is first served, trades may be missing, because its subscription may not have begun.
 * Milliseconds.
 */
const SETTLES_MS = 10_000;
/** If there are more gaps, the two oldest are joined. */
const MAX_GAPS = 64;

/** Knows from when on a series' trades are complete, and where some may be missing. */
export class TradeCoverage {
  #knownFrom = Number.POSITIVE_INFINITY;
  #gaps: Span[] = [];
  readonly #pending = new Map<string, PendingGap>();

  /**
   * Notes the first known trade. Nothing was traded from `SETTLES_MS` after `servedSince` (milliseconds since 1970)
   * until this trade.
   */
  begin(
    { timestamp, receivedAt }: Pick<TradeEvent, 'timestamp' | 'receivedAt'>,
    servedSince = Number.POSITIVE_INFINITY,
  ): void {
    const idleMs = receivedAt / 1000 - servedSince - SETTLES_MS;
    this.#knownFrom = Math.min(this.#knownFrom, timestamp + 1 - Math.max(0, idleMs));
  }

  gap({ fromTime, toTime }: Pick<Gap, 'fromTime' | 'toTime'>): void {
    this.#gaps.push({ from: fromTime, to: toTime });
    const [first, second] = this.#gaps;
    if (this.#gaps.length <= MAX_GAPS || first === undefined || second === undefined) return;
    this.#gaps.splice(0, 2, { from: Math.min(first.from, second.from), to: Math.max(first.to, second.to) });
  }

  /** Forgets a gap, because its trades are known now. */
  heal({ fromTime, toTime }: Pick<Gap, 'fromTime' | 'toTime'>): void {
    this.#gaps = this.#gaps.filter(({ from, to }) => from !== fromTime || to !== toTime);
  }

  open(gap: string, pending: PendingGap): void {
    this.#pending.set(gap, pending);
  }

  close(gap: string): void {
    this.#pending.delete(gap);
  }

  /** Forgets the pending gaps, because their outcomes do not come. */
  closeAll(): void {
    this.#pending.clear();
  }

  /**
   * Returns the time until which pending gaps keep windows open, milliseconds of the caller's clock. A gap with
   * `endsWithoutData` keeps them open until `staleAt` at most. -Infinity: no gap is pending.
   */
  heldUntil(staleAt = Number.POSITIVE_INFINITY): number {
    let held = Number.NEGATIVE_INFINITY;
    for (const { until, endsWithoutData } of this.#pending.values())
      held = Math.max(held, endsWithoutData ? Math.min(until, staleAt) : until);
    return held;
  }

  /** Returns true if no trade between `start` (inclusive) and `end` (exclusive) can be missing. */
  isWhole(start: number, end: number): boolean {
    return this.doubt(start, end) === undefined;
  }

  /**
   * Returns why trades between `start` (inclusive) and `end` (exclusive) can be missing: a gap, a pending gap, or the
   * time before the first known trade. Undefined if none can.
   */
  doubt(start: number, end: number): 'gap' | 'pending' | 'start' | undefined {
    if (this.#gaps.some(({ from, to }) => from < end && to >= start)) return 'gap';
    for (const { from } of this.#pending.values()) if (from < end) return 'pending';
    return start < this.#knownFrom ? 'start' : undefined;
  }
}
