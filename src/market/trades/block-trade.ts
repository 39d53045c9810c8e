import type { TradeEvent } from '../../domain/record.ts';

/** True for a trade that was negotiated off the book. It counts in no candle, statistic, flow or large trade. */
export function isBlockTrade({ conditions }: Pick<TradeEvent, 'conditions'>): boolean {
  return conditions.length > 0 && conditions.includes('block');
}
