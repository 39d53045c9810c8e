import { createHash } from 'node:crypto';
import type { Audit, FeedRecord, Gap, TradeEvent } from '../../src/domain/record.ts';
import { grouped } from './journal.ts';
import { decimalOf, halfEven, scaled, UNIT } from './naive-decimal.ts';

const MINUTE_MS = 60_000;

export interface AuditsJudged {
  /** Venues whose trade ids step by one. */
  readonly contiguous: ReadonlySet<string>;
  /**
   * True if a process was killed. An audit may then come twice, some may be missing, and a sink that was ahead may have
   * fewer fetched trades.
   */
  readonly mayRepeat: boolean;
}

/**
 * Compares the audits of a run with its published trades. Records must be in the order of publishing. Returns problems
 * as text, at most 20. Revisions rise. The last audit of a minute must equal the trades of the whole run. A
 * minute is proven or agrees only without a gap that is not repaired, and with a gap verdict only if there is one.
 */
export function auditProblems(
  records: readonly FeedRecord[],
  { contiguous, mayRepeat }: AuditsJudged,
): readonly string[] {
  const trades = grouped(
    records.filter((record) => record.kind === 'trade'),
    (trade) => minuteOf(trade, trade.timestamp - (trade.timestamp % MINUTE_MS)),
  );
  const gaps = records.filter((record) => record.kind === 'gap' && record.outcome !== 'repaired') as readonly Gap[];
  const audits = grouped(
    records.filter((record) => record.kind === 'audit'),
    (audit) => minuteOf(audit, audit.minute),
  );
  const lacking = [...audits.values()].flatMap((revisions) =>
    revisions.filter(({ reason }) => /the candle has/.test(reason)),
  );
  return [...audits]
    .flatMap(([name, revisions]) => {
      const inside = trades.get(name) ?? [];
      const last = revisions.reduce((latest, audit) => (audit.revision >= latest.revision ? audit : latest));
      const numbers = revisions.map(({ revision }) => revision);
      // Revisions of the healer are not among the records.
      const isInOrder = mayRepeat || numbers.every((revision, at) => at === 0 || revision > (numbers[at - 1] ?? 0));
      const problems = isInOrder ? [] : [`revisions ${numbers}`];
      const differences = auditDifferences(last, inside);
      problems.push(...differences.filter((text) => !(mayRepeat && text.startsWith('backfilled'))));
      const touching = gaps.some((gap) => touches(gap, last, lacking));
      if (touching && (last.verdict === 'proven' || last.verdict === 'agrees'))
        problems.push(`${last.verdict} in spite of a gap`);
      if (last.verdict === 'gap' && !touching) problems.push('gap without a record in gaps');
      if (last.verdict === 'proven' && !contiguous.has(last.venue)) problems.push('proven although ids jump');
      return problems.map((problem) => `${name} ${new Date(last.minute).toISOString()}: ${problem}`);
    })
    .slice(0, 20);
}

function minuteOf({ venue, symbol, epoch }: Pick<Audit, 'venue' | 'symbol' | 'epoch'>, minute: number): string {
  return `${venue} ${symbol} ${epoch} ${minute}`;
}

/**
 * True if trades of the minute may be in the gap. A gap that a candle showed lies between the trades around its minute,
 * but only this minute's trades are missing.
 */
function touches(gap: Gap, audit: Audit, lacking: readonly Audit[]): boolean {
  if (!reaches(gap, audit)) return false;
  const shown = lacking.filter(({ minute, ...of }) => {
    return reaches(gap, { ...of, minute }) && gap.fromTime < minute && gap.toTime >= minute + MINUTE_MS;
  });
  return shown.length === 0 || shown.some(({ minute }) => minute === audit.minute);
}

function reaches(gap: Gap, { venue, symbol, epoch, minute }: Audit): boolean {
  const isSame = gap.venue === venue && gap.symbol === symbol && gap.epoch === epoch && gap.channel === 'trade';
  return isSame && gap.fromTime < minute + MINUTE_MS && gap.toTime >= minute;
}

/** Compares an audit with the trades of its minute, in their order. Returns problems as text. */
export function auditDifferences(audit: Audit, trades: readonly TradeEvent[]): readonly string[] {
  const sum = (of: (trade: TradeEvent) => bigint): bigint => trades.reduce((total, trade) => total + of(trade), 0n);
  const lines = trades.map(({ tradeId, price, quantity, isBuyerMaker, timestamp }) =>
    [tradeId, price, quantity, isBuyerMaker ? 'sell' : 'buy', timestamp].join(','),
  );
  const hash = createHash('sha256')
    .update(lines.map((line) => `${line}\n`).join(''))
    .digest('hex');
  const expected = {
    firstId: trades.at(0)?.tradeId ?? '',
    lastId: trades.at(-1)?.lastTradeId ?? trades.at(-1)?.tradeId ?? '',
    trades: trades.length,
    backfilled: trades.filter(({ source }) => source === 'backfill').length,
    volume: decimalOf(sum(({ quantity }) => scaled(quantity))),
    value: decimalOf(
      halfEven(
        sum(({ price, quantity }) => scaled(price) * scaled(quantity)),
        UNIT,
      ),
    ),
    hash,
  };
  // Without a hash, some trades are not known.
  if (audit.hash === '')
    return audit.verdict === 'unchecked' || audit.verdict === 'gap' ? [] : [`${audit.verdict} without a hash`];
  return (Object.keys(expected) as (keyof typeof expected)[])
    .filter((field) => audit[field] !== expected[field])
    .map((field) => `${field} ${audit[field]} instead of ${expected[field]}`);
}
