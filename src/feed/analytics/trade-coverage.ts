import type { Gap, TradeEvent } from '../../domain/record.ts';

/** Milliseconds by the venue's clock, both inclusive. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** A gap that has no outcome yet: nothing behind its begin is known. */
export interface PendingGap {
  readonly from: number;
  /** How long it holds windows open, milliseconds on the caller's clock. */
  readonly until: number;
  /** No longer than until the venue is silent. */
  readonly endsBySilence: boolean;
}

/** A series that was served for as long without a trade had none. Until then its subscription may not have been there. */
const SETTLES_MS = 10_000;
/** More gaps than this are remembered as fewer, wider ones. */
const MAX_GAPS = 64;

/** From when on the trades of one series are known, and where some of them may be missing. */
export class TradeCoverage {
  #knownFrom = Number.POSITIVE_INFINITY;
  readonly #gaps: Span[] = [];
  readonly #pending = new Map<string, PendingGap>();

  /**
   * The first trade that is known of the series. Others of its millisecond may lie before it. Where it came long after
   * `servedSince` (milliseconds since 1970, wall clock) there was none meanwhile.
   */
  begin(
    { timestamp, receivedAt }: Pick<TradeEvent, 'timestamp' | 'receivedAt'>,
    servedSince = Number.POSITIVE_INFINITY,
  ): void {
    const quietMs = receivedAt / 1000 - servedSince - SETTLES_MS;
    this.#knownFrom = Math.min(this.#knownFrom, timestamp + 1 - Math.max(0, quietMs));
  }

  gap({ fromTime, toTime }: Pick<Gap, 'fromTime' | 'toTime'>): void {
    this.#gaps.push({ from: fromTime, to: toTime });
    const [first, second] = this.#gaps;
    if (this.#gaps.length <= MAX_GAPS || first === undefined || second === undefined) return;
    this.#gaps.splice(0, 2, { from: Math.min(first.from, second.from), to: Math.max(first.to, second.to) });
  }

  open(gap: string, pending: PendingGap): void {
    this.#pending.set(gap, pending);
  }

  close(gap: string): void {
    this.#pending.delete(gap);
  }

  /** How long the pending gaps hold windows open, where the venue is silent from `silentAt` on; -Infinity: there are none. */
  heldUntil(silentAt = Number.POSITIVE_INFINITY): number {
    let held = Number.NEGATIVE_INFINITY;
    for (const { until, endsBySilence } of this.#pending.values())
      held = Math.max(held, endsBySilence ? Math.min(until, silentAt) : until);
    return held;
  }

  /** True where no trade of the time is known to be missing; `end` exclusive. */
  isWhole(start: number, end: number): boolean {
    if (start < this.#knownFrom) return false;
    for (const { from } of this.#pending.values()) if (from < end) return false;
    return !this.#gaps.some(({ from, to }) => from < end && to >= start);
  }
}
