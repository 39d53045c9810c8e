/** Which takers were stronger: buyers or sellers. */
export type TradeFlow = 'strong_buy' | 'buy' | 'neutral' | 'sell' | 'strong_sell';

/**
 * Returns the flow for the share of the volume that takers bought, 0 to 1. A share on a limit counts as the stronger
 * flow.
 */
export function flowOf(buyRatioVolume: number): TradeFlow {
  if (buyRatioVolume >= 0.7) return 'strong_buy';
  if (buyRatioVolume >= 0.55) return 'buy';
  if (buyRatioVolume <= 0.3) return 'strong_sell';
  if (buyRatioVolume <= 0.45) return 'sell';
  return 'neutral';
}
