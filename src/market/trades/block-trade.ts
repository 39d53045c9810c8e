import type { TradeEvent } from '../../domain/record.ts';

/**
 * Returns true for a trade that was negotiated off the book. Candles, statistics, flow and large trades do not count
 * it.
 */
export function isBlockTrade({ conditions }: Pick<TradeEvent, 'conditions'>): boolean {
  return conditions.length > 0 && conditions.includes('block');
}
