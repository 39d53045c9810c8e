import type { FeedRecord, Gap } from '../../domain/record.ts';
import { isMissing } from '../../domain/trade-id.ts';
import { arrivalMs } from './file-source.ts';

/* When a backtest plays a record: when a live client would have got it, as far as the records say. */

/** How long after its end a window of `trade-stats` is published: the default of `stats.allowed_lateness_ms`. */
const WINDOW_LATENESS_MS = 2000;

/** The longest time from a gap's end to its report, milliseconds: so long the feed tries to fill it. */
const MAX_REPAIR_MS = 12_000;

/** The shortest time from a gap's end to its record with the outcome `healed`, milliseconds. */
const HEALED_AFTER_MS = 75_000;

/** The shortest time from a minute's start to its audit, milliseconds: the feed waits 15 s for late trades and the candle. */
const AUDITED_AFTER_MS = 75_000;

/** Returns when the record is played, milliseconds since 1970. */
export function playedAtMs(record: FeedRecord): number {
  if (record.kind === 'gap' && record.outcome === 'healed') return record.toTime + HEALED_AFTER_MS;
  if (record.kind === 'trade_stats') return record.windowEnd + WINDOW_LATENESS_MS;
  if (record.kind === 'audit') return Math.max(arrivalMs(record), record.minute + AUDITED_AFTER_MS);
  return arrivalMs(record);
}

/**
 * Finds when gaps were published. A gap record does not say this, but the status record `gap_unrepaired` follows it.
 * The gap is played right after the status record, or `MAX_REPAIR_MS` after the gap's end without one.
 */
export class GapReports {
  /** The status records without their gap, by market. */
  readonly #reported = new Map<string, number>();

  atMs(record: FeedRecord): number {
    const at = playedAtMs(record);
    return record.kind === 'gap' && isReported(record) && !this.#reported.has(marketOf(record))
      ? at + MAX_REPAIR_MS
      : at;
  }

  played(record: FeedRecord): void {
    if (record.kind === 'status' && record.state === 'gap_unrepaired') this.#count(marketOf(record), 1);
    if (record.kind === 'gap' && isReported(record)) this.#count(marketOf(record), -1);
  }

  #count(market: string, change: number): void {
    const count = (this.#reported.get(market) ?? 0) + change;
    if (count > 0) this.#reported.set(market, count);
    else this.#reported.delete(market);
  }
}

/**
 * Repaired gaps do not halt trading, so their time does not matter. The gap at an epoch's end is published at its time.
 */
const isReported = ({ outcome, toId }: Gap): boolean => isMissing(outcome) && toId !== null;

const marketOf = ({ venue, symbol }: { readonly venue: string | null; readonly symbol: string | null }): string =>
  `${venue}:${symbol}`;
