import { getOrCreate } from '../domain/get-or-create.ts';
import type { Audit } from '../domain/record.ts';
import { type Difference, minuteOf } from './audit-scope.ts';

const DAY_MS = 86_400_000;

/** What was found of one symbol at one venue on one day (UTC). */
export interface AuditDay {
  readonly venue: string;
  readonly symbol: string;
  /** `2026-11-27`. */
  readonly day: string;
  trades: number;
  lateTrades: number;
  /** Minutes with trades or an audit, by the verdict of their last audit; without an audit, `unchecked`. */
  readonly minutes: Record<Audit['verdict'], number>;
  differences: number;
}

export interface AuditRange {
  /** Start of the first minute, milliseconds since 1970. */
  readonly fromMs: number;
  /** End of the last minute, exclusive. */
  readonly toMs: number;
}

/** Counts what lies in the audited range. */
export class AuditReport {
  readonly #range: AuditRange;
  readonly #onDifference: (difference: Difference) => void;
  readonly #days = new Map<string, AuditDay>();
  differences = 0;

  constructor(range: AuditRange, onDifference: (difference: Difference) => void) {
    this.#range = range;
    this.#onDifference = onDifference;
  }

  /** Sorted by venue, symbol and day. */
  get days(): readonly AuditDay[] {
    return [...this.#days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, day]) => day);
  }

  isInRange(time: number): boolean {
    return time >= this.#range.fromMs && time < this.#range.toMs;
  }

  addTrade(venue: string, symbol: string, time: number, isLate: boolean): void {
    if (!this.isInRange(time)) return;
    const day = this.#dayOf(venue, symbol, time);
    if (isLate) day.lateTrades++;
    else day.trades++;
  }

  addVerdict(venue: string, symbol: string, minute: number, verdict: Audit['verdict']): void {
    if (!this.isInRange(minute)) return;
    const { minutes } = this.#dayOf(venue, symbol, minute);
    minutes[verdict] = (minutes[verdict] ?? 0) + 1;
  }

  /** Counts and passes on a difference at a time, milliseconds since 1970. */
  differ(found: Omit<Difference, 'minute'>, time: number): void {
    const minute = minuteOf(time);
    if (!this.isInRange(minute)) return;
    this.differences++;
    this.#dayOf(found.venue, found.symbol, minute).differences++;
    this.#onDifference({ ...found, minute });
  }

  #dayOf(venue: string, symbol: string, time: number): AuditDay {
    const number = Math.floor(time / DAY_MS);
    return getOrCreate(this.#days, `${venue} ${symbol} ${number}`, () => ({
      venue,
      symbol,
      day: new Date(number * DAY_MS).toISOString().slice(0, 10),
      trades: 0,
      lateTrades: 0,
      minutes: { proven: 0, agrees: 0, gap: 0, unexplained: 0, unchecked: 0 },
      differences: 0,
    }));
  }
}
