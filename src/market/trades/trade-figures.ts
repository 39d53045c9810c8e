import { powerOfTen } from '../../domain/decimal.ts';
import { quotient, ratio } from '../../domain/exact.ts';
import type { MarketFields, TradeEvent, TradeStats } from '../../domain/record.ts';
import type { Ohlc } from '../book/price-range.ts';
import { decimalOf } from '../exact-sum.ts';
import { flowOf } from './trade-flow.ts';

/** The part of a trade that figures need. */
export type MeasuredTrade = Pick<TradeEvent, 'price' | 'quantity' | 'isBuyerMaker' | 'timestamp'>;

/** The figures of a set of trades, as defined for the record TradeStats. */
export type TradeFigures = Omit<
  TradeStats,
  keyof MarketFields | 'kind' | 'windowMs' | 'windowStart' | 'windowEnd' | 'volatility' | 'complete' | 'revision'
>;

/** Exact sums: volumes × 10^`quantityPlaces`, values × 10^`valuePlaces`. */
export interface TradeAmounts {
  readonly trades: number;
  readonly buyTrades: number;
  readonly buyVolume: bigint;
  readonly sellVolume: bigint;
  readonly quantityPlaces: number;
  readonly buyValue: bigint;
  readonly sellValue: bigint;
  readonly valuePlaces: number;
}

/**
 * Computes the figures of trades. Sums and quotients are exact before they are rounded half-even at 18 places. Returns
 * undefined if nothing was traded.
 */
export function tradeFigures(amounts: TradeAmounts, prices: Ohlc): TradeFigures | undefined {
  const { trades, buyTrades, buyVolume, sellVolume, quantityPlaces, buyValue, sellValue, valuePlaces } = amounts;
  const volume = buyVolume + sellVolume;
  const value = buyValue + sellValue;
  if (volume === 0n) return undefined;
  const buyRatioVolume = ratio(buyVolume, volume);
  return {
    trades,
    buyTrades,
    sellTrades: trades - buyTrades,
    volume: decimalOf(volume, quantityPlaces),
    buyVolume: decimalOf(buyVolume, quantityPlaces),
    sellVolume: decimalOf(sellVolume, quantityPlaces),
    value: decimalOf(value, valuePlaces),
    buyValue: decimalOf(buyValue, valuePlaces),
    sellValue: decimalOf(sellValue, valuePlaces),
    vwap: quotient(value, volume * powerOfTen(valuePlaces - quantityPlaces)),
    ...prices,
    averageQuantity: quotient(volume, BigInt(trades) * powerOfTen(quantityPlaces)),
    buyRatioVolume,
    buyRatioCount: buyTrades / trades,
    flow: flowOf(buyRatioVolume),
  };
}
