/** Who pressed: takers that bought or takers that sold. */
export type TradeFlow = 'strong_buy' | 'buy' | 'neutral' | 'sell' | 'strong_sell';

/** The flow that a share of bought volume, 0 to 1, stands for. The limits belong to the stronger side. */
export function flowOf(buyRatioVolume: number): TradeFlow {
  if (buyRatioVolume >= 0.7) return 'strong_buy';
  if (buyRatioVolume >= 0.55) return 'buy';
  if (buyRatioVolume <= 0.3) return 'strong_sell';
  if (buyRatioVolume <= 0.45) return 'sell';
  return 'neutral';
}
