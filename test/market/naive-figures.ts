import { fromUnscaled, unscaled } from '../../src/domain/decimal.ts';
import type { MeasuredTrade, TradeFigures } from '../../src/market/trades/trade-figures.ts';
import { flowOf } from '../../src/market/trades/trade-flow.ts';

/* Figures of trades, computed in the simplest way for comparison. */

const ONE = 10n ** 18n;

/** a / b for a ≥ 0, b > 0, rounded half-even, by the definition. */
export function halfEven(a: bigint, b: bigint): bigint {
  const below = a / b;
  const rest = a - below * b;
  if (2n * rest < b) return below;
  if (2n * rest > b) return below + 1n;
  return below % 2n === 0n ? below : below + 1n;
}

/** Computes figures with scaled integers. The trades must be in the order of their timestamps. */
export function naiveFigures(trades: readonly MeasuredTrade[]): TradeFigures | undefined {
  const first = trades[0];
  const last = trades.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const sum = (of: readonly MeasuredTrade[], amount: (trade: MeasuredTrade) => bigint): bigint =>
    of.reduce((total, trade) => total + amount(trade), 0n);
  const quantityOf = (trade: MeasuredTrade): bigint => unscaled(trade.quantity);
  const tradeValue = (trade: MeasuredTrade): bigint => unscaled(trade.price) * unscaled(trade.quantity);
  const bought = trades.filter(({ isBuyerMaker }) => !isBuyerMaker);
  const sold = trades.filter(({ isBuyerMaker }) => isBuyerMaker);
  const volume = sum(trades, quantityOf);
  const value = (of: readonly MeasuredTrade[]): string => fromUnscaled(halfEven(sum(of, tradeValue), ONE));
  const prices = trades.map(({ price }) => unscaled(price)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  // Parsed from 60 places of decimal text: the nearest double.
  const buyRatioVolume = Number(`${(sum(bought, quantityOf) * 10n ** 60n) / volume}e-60`);
  return {
    trades: trades.length,
    buyTrades: bought.length,
    sellTrades: sold.length,
    volume: fromUnscaled(volume),
    buyVolume: fromUnscaled(sum(bought, quantityOf)),
    sellVolume: fromUnscaled(sum(sold, quantityOf)),
    value: value(trades),
    buyValue: value(bought),
    sellValue: value(sold),
    vwap: fromUnscaled(halfEven(sum(trades, tradeValue), volume)),
    open: first.price,
    high: fromUnscaled(prices.at(-1) as bigint),
    low: fromUnscaled(prices[0] as bigint),
    close: last.price,
    averageQuantity: fromUnscaled(halfEven(volume, BigInt(trades.length))),
    buyRatioVolume,
    buyRatioCount: bought.length / trades.length,
    flow: flowOf(buyRatioVolume),
  };
}
