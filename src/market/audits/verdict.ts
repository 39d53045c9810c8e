import { fromUnscaled, unscaled } from '../../domain/decimal.ts';
import type { Audit, Kline } from '../../domain/record.ts';
import type { ExpectedCandle } from './minute-sums.ts';

/**
 * Why trades of a minute are missing or may be. `gap`: a gap that is not repaired reaches into it. `pending`: a gap is
 * being repaired. `start`, `end`: the epoch begins or ends inside it. `interrupted`: the symbol was not followed for a
 * part of it. `unread`: a part was published before this run, and could not be read.
 */
export type Doubt = 'gap' | 'pending' | 'start' | 'end' | 'interrupted' | 'unread';

/** What decides about a minute. */
export interface MinuteEvidence {
  /** True if the venue's trade ids step by one. */
  readonly contiguousIds: boolean;
  readonly doubt: Doubt | undefined;
  /** Where contiguous ids do not follow each other, as text; undefined if they do. */
  readonly jump: string | undefined;
  /** What the candle has if no trade is missing. */
  readonly expected: ExpectedCandle;
  /** The venue's own closed candle of the minute; undefined: there is none. */
  readonly candle: Pick<Kline, 'volume' | 'tradeCount'> | undefined;
}

const REASONS: Readonly<Record<Doubt, string>> = {
  gap: 'trades are missing: see gaps',
  pending: 'trades may be missing: the feed still tries to get them',
  start: 'the epoch begins inside the minute',
  end: 'the epoch ended before the minute could be checked',
  interrupted: 'the symbol was not followed for a part of the minute',
  unread: 'a part of the minute was published before the start, and could not be read',
};

/** Judges whether the trades of a minute are complete. Contiguous ids are proof, so the candle does not count there. */
export function verdictOf(evidence: MinuteEvidence): Pick<Audit, 'verdict' | 'reason'> {
  const { contiguousIds, doubt, jump, expected, candle } = evidence;
  if (doubt !== undefined) return { verdict: doubt === 'gap' ? 'gap' : 'unchecked', reason: REASONS[doubt] };
  if (jump !== undefined) return { verdict: 'unexplained', reason: jump };
  if (contiguousIds && expected.trades > 0) return { verdict: 'proven', reason: '' };
  if (candle === undefined) return { verdict: 'unchecked', reason: 'the venue sent no candle' };
  const reason = candleDifference(candle, expected);
  return { verdict: reason === '' ? 'agrees' : 'unexplained', reason };
}

/** Returns how a candle differs from the one that the trades make, as text; empty if it is equal. */
function candleDifference({ volume, tradeCount }: NonNullable<MinuteEvidence['candle']>, ours: ExpectedCandle): string {
  const differences = [
    ...(volume === ours.volume ? [] : [`volume ${ours.volume}, the candle has ${volume} (${signed(volume, ours)})`]),
    ...(tradeCount === null || tradeCount === ours.trades
      ? []
      : [`${ours.trades} trades, the candle has ${tradeCount}`]),
  ];
  return differences.join('; ');
}

function signed(volume: string, ours: ExpectedCandle): string {
  const more = unscaled(volume) - unscaled(ours.volume);
  return `${more > 0n ? '+' : ''}${fromUnscaled(more)}`;
}
