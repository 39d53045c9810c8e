import type { Audit, MarketFields } from '../../domain/record.ts';
import { MinuteSums } from '../../market/audits/minute-sums.ts';
import { type MinuteEvidence, verdictOf } from '../../market/audits/verdict.ts';
import type { PreviousAudit } from '../analytics/stats-epoch.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';

export const MINUTE_MS = 60_000;

export type AuditOrigin = Pick<MarketFields, 'venue' | 'symbol' | 'venueSymbol' | 'coin' | 'environment' | 'epoch'>;

/** What decides about a minute, besides its own trades and candle. */
type Circumstances = Pick<MinuteEvidence, 'contiguousIds' | 'doubt'>;

/** One minute of one epoch: its trades, its candle and its published audit. */
export class AuditedMinute {
  /** First millisecond of the minute, and first millisecond after it, since 1970. */
  readonly start: number;
  readonly end: number;
  /** The first tick since the feed knows of the minute, in the scheduler's milliseconds. */
  openedAt: number | undefined;
  readonly sums = new MinuteSums<SequencedTrade>();
  candle: MinuteEvidence['candle'];
  /** Where contiguous ids do not follow each other, as text. */
  jump: string | undefined;
  /** How the trades differ from the candle, as text, after a gap was published because of it. */
  missingByCandle: string | undefined;
  /** True if some trades of the minute are not known. */
  isUnread = false;
  /** True if something came since the last audit. */
  isChanged = true;
  published: Audit | undefined;
  /** True if a sink lacks the published audit. */
  #isLacking = false;

  constructor(start: number) {
    this.start = start;
    this.end = start + MINUTE_MS;
  }

  /** True if nothing was traded, as far as the feed and the venue's candle know. */
  get isEmpty(): boolean {
    return this.sums.ids === 0 && (this.candle === undefined || this.candle.volume === '0');
  }

  add(trade: SequencedTrade): void {
    this.sums.add(trade);
    this.isChanged = true;
  }

  /**
   * True if the published audit counts trades that this run does not know: they were healed, or published before the
   * start and not read. Its figures stay then.
   */
  get isBehind(): boolean {
    const { published, sums } = this;
    if (published === undefined) return false;
    return sums.trades < published.trades || (this.isUnread && sums.trades === published.trades);
  }

  /** Continues from the audit that a previous run published. Call it after the minute has its known trades. */
  restore({ audit, isInAll }: PreviousAudit): void {
    const { candleVolume, candleTrades } = audit;
    if (candleVolume !== null) this.candle = { volume: candleVolume, tradeCount: candleTrades };
    this.published = audit;
    this.isChanged = !isInAll && !this.isBehind;
    this.#isLacking = !isInAll;
  }

  judge(circumstances: Circumstances): Pick<Audit, 'verdict' | 'reason'> {
    const { sums, candle, jump, missingByCandle } = this;
    if (missingByCandle !== undefined) return { verdict: 'gap', reason: missingByCandle };
    return verdictOf({ ...circumstances, jump, expected: sums.expectedCandle(), candle });
  }

  /**
   * Returns the minute's next audit; undefined if it would say the same as the last one. `now`: by the wall clock,
   * milliseconds since 1970.
   */
  audit(origin: AuditOrigin, circumstances: Circumstances, now: number): Audit | undefined {
    const { sums, candle, published } = this;
    if (published !== undefined && this.isBehind) return this.#nextOf(published, circumstances);
    const { venue, symbol, venueSymbol, coin, environment, epoch } = origin;
    const figures = sums.figures();
    const audit: Audit = {
      kind: 'audit',
      ...{ venue, symbol, venueSymbol, coin, environment, epoch },
      receivedAt: sums.last?.receivedAt ?? now * 1000,
      minute: this.start,
      revision: published === undefined ? 0 : published.revision + 1,
      ...figures,
      hash: this.isUnread ? '' : figures.hash,
      candleVolume: candle?.volume ?? null,
      candleTrades: candle?.tradeCount ?? null,
      ...this.judge(circumstances),
    };
    this.isChanged = false;
    if (published !== undefined && !this.#isLacking && isEqual(audit, published)) return undefined;
    this.published = audit;
    this.#isLacking = false;
    return audit;
  }

  /** Returns the revision of an audit with a gap that it does not name; undefined if there is none. */
  #nextOf(published: Audit, circumstances: Circumstances): Audit | undefined {
    this.isChanged = false;
    if (circumstances.doubt !== 'gap' || published.verdict === 'gap') return undefined;
    this.published = { ...published, revision: published.revision + 1, ...this.judge(circumstances) };
    return this.published;
  }
}

const COMPARED = ['trades', 'hash', 'candleVolume', 'candleTrades', 'verdict', 'reason'] as const;

function isEqual(audit: Audit, before: Audit): boolean {
  return COMPARED.every((field) => audit[field] === before[field]);
}
