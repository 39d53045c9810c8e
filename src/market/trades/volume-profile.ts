import { at } from '../../domain/at.ts';
import { DECIMAL_SCALE, type Decimal, powerOfTen } from '../../domain/decimal.ts';
import { ratio, roundHalfEven } from '../../domain/exact.ts';
import { type Digits, digitsOf, integerAt } from '../digits.ts';
import { decimalOf } from '../exact-sum.ts';
import type { TradeColumns } from './trade-columns.ts';
import type { MeasuredTrade } from './trade-figures.ts';

/** The trades with prices in one bin: from `low`, inclusive, to `high`, exclusive except in the last bin. */
export interface ProfileBin {
  readonly low: Decimal;
  readonly high: Decimal;
  readonly volume: Decimal;
  readonly buyVolume: Decimal;
  readonly sellVolume: Decimal;
  readonly trades: number;
}

/** The bins around the point of control that hold at least 70 % of the volume. */
export interface ValueArea {
  readonly low: Decimal;
  readonly high: Decimal;
  readonly volume: Decimal;
  /** Share of the whole volume, 0.7 to 1. */
  readonly share: number;
}

export interface VolumeProfile {
  readonly bins: readonly ProfileBin[];
  readonly volume: Decimal;
  readonly trades: number;
  /** The bin with the most volume. If several bins have it, the lowest of them. */
  readonly pointOfControl: ProfileBin;
  readonly valueArea: ValueArea;
}

/**
 * Sums of each bin, lowest bin first; volumes × 10^`quantityPlaces`, prices × 10^`pricePlaces`. Numbers are safe
 * integers.
 */
interface Bins {
  readonly buy: ArrayLike<number | bigint>;
  readonly sell: ArrayLike<number | bigint>;
  readonly volumes: ArrayLike<number | bigint>;
  readonly trades: ArrayLike<number>;
  readonly low: bigint;
  readonly high: bigint;
  readonly pricePlaces: number;
  readonly quantityPlaces: number;
}

const DEFAULT_BINS = 50;
const VALUE_AREA_PERCENT = 70n;

/**
 * Computes the volume by price, in bins of equal width from the lowest to the highest price. The value area has at
 * least 70 % of the volume.
 *
 * The value area starts as the bin with the most volume (the point of control). It then takes in the neighbour bin with
 * more volume, or the upper one if both are equal. Volumes are exact; bounds are rounded half-even at 18 places. Equal
 * prices make one bin without width.
 * @returns undefined if nothing was traded
 * @throws RangeError unless `bins` is a whole number above 0
 */
export function volumeProfile(trades: readonly MeasuredTrade[], bins = DEFAULT_BINS): VolumeProfile | undefined {
  checkBins(bins);
  return trades.length === 0 ? undefined : exactProfile(trades, bins);
}

/**
 * Returns the profile of the first `slots` trades in the columns, computed with numbers. Returns undefined if there are
 * no trades, or a number would not be exact.
 */
export function profileOf(columns: TradeColumns, slots: number, bins = DEFAULT_BINS): VolumeProfile | undefined {
  checkBins(bins);
  if (slots === 0) return undefined;
  const { sold } = columns;
  const prices = columns.prices.subarray(0, slots);
  const quantities = columns.quantities.subarray(0, slots);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let slot = 0; slot < prices.length; slot++) {
    const price = prices[slot] ?? 0;
    if (Number.isNaN(price)) return undefined;
    if (price < low) low = price;
    if (price > high) high = price;
  }
  const span = high - low;
  const count = span === 0 ? 1 : bins;
  const buy = new Float64Array(count);
  const sell = new Float64Array(count);
  const trades = new Float64Array(count);
  let total = 0;
  for (let slot = 0; slot < prices.length; slot++) {
    const above = ((prices[slot] ?? 0) - low) * count;
    // The quotient of two safe integers never rounds up to the next whole number.
    const bin = span === 0 ? 0 : Math.min(Math.floor(above / span), count - 1);
    const quantity = quantities[slot] ?? 0;
    const side = sold[slot] === 1 ? sell : buy;
    side[bin] = (side[bin] ?? 0) + quantity;
    trades[bin] = (trades[bin] ?? 0) + 1;
    total += quantity;
  }
  // A quantity that is not exact is NaN, and then the sum is NaN.
  if (!Number.isSafeInteger(total) || !Number.isSafeInteger(span * count)) return undefined;
  return assemble({
    buy,
    sell,
    volumes: buy.map((volume, bin) => volume + (sell[bin] ?? 0)),
    trades,
    low: BigInt(low),
    high: BigInt(high),
    pricePlaces: columns.pricePlaces,
    quantityPlaces: columns.quantityPlaces,
  });
}

function checkBins(bins: number): void {
  if (!(Number.isSafeInteger(bins) && bins > 0))
    throw new RangeError(`bins must be a whole number above 0, found ${bins}`);
}

function mostPlaces(decimals: readonly Digits[]): number {
  return decimals.reduce((most, { places }) => Math.max(most, places), 0);
}

function exactProfile(trades: readonly MeasuredTrade[], bins: number): VolumeProfile | undefined {
  const priceDigits = trades.map(({ price }) => digitsOf(price));
  const quantityDigits = trades.map(({ quantity }) => digitsOf(quantity));
  const pricePlaces = mostPlaces(priceDigits);
  const quantityPlaces = mostPlaces(quantityDigits);
  const prices = priceDigits.map((price) => integerAt(price, pricePlaces));
  const low = prices.reduce((a, b) => (b < a ? b : a));
  const high = prices.reduce((a, b) => (b > a ? b : a));
  const span = high - low;
  const count = span === 0n ? 1 : bins;
  const buy = new Array<bigint>(count).fill(0n);
  const sell = new Array<bigint>(count).fill(0n);
  const counts = new Array<number>(count).fill(0);
  for (const [index, { isBuyerMaker }] of trades.entries()) {
    const above = (at(prices, index) - low) * BigInt(count);
    const bin = span === 0n ? 0 : Math.min(Number(above / span), count - 1);
    const side = isBuyerMaker ? sell : buy;
    side[bin] = (side[bin] ?? 0n) + integerAt(at(quantityDigits, index), quantityPlaces);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const volumes = buy.map((volume, bin) => volume + (sell[bin] ?? 0n));
  return assemble({ buy, sell, volumes, trades: counts, low, high, pricePlaces, quantityPlaces });
}

function assemble(sums: Bins): VolumeProfile | undefined {
  const { buy, sell, volumes, trades, quantityPlaces } = sums;
  let volume = 0n;
  let control = 0;
  let count = 0;
  for (let bin = 0; bin < volumes.length; bin++) {
    volume += BigInt(volumes[bin] ?? 0);
    count += trades[bin] ?? 0;
    if ((volumes[bin] ?? 0) > (volumes[control] ?? 0)) control = bin;
  }
  if (volume === 0n) return undefined;
  const bounds = boundsOf(sums.low, sums.high, volumes.length, sums.pricePlaces);
  const bins = Array.from(volumes, (each, bin) => ({
    low: at(bounds, bin),
    high: at(bounds, bin + 1),
    volume: decimalOf(each, quantityPlaces),
    buyVolume: decimalOf(at(buy, bin), quantityPlaces),
    sellVolume: decimalOf(at(sell, bin), quantityPlaces),
    trades: trades[bin] ?? 0,
  }));
  const area = valueAreaOf(volumes, volume, control);
  return {
    bins,
    volume: decimalOf(volume, quantityPlaces),
    trades: count,
    pointOfControl: at(bins, control),
    valueArea: {
      low: at(bounds, area.first),
      high: at(bounds, area.last + 1),
      volume: decimalOf(area.volume, quantityPlaces),
      share: ratio(area.volume, volume),
    },
  };
}

function valueAreaOf(volumes: ArrayLike<number | bigint>, volume: bigint, control: number) {
  let first = control;
  let last = control;
  let held = BigInt(volumes[control] ?? 0);
  const wanted = volume * VALUE_AREA_PERCENT;
  while (held * 100n < wanted) {
    const below = volumes[first - 1] ?? -1;
    const above = volumes[last + 1] ?? -1;
    if (above >= below) last++;
    else first--;
    held += BigInt(above >= below ? above : below);
  }
  return { first, last, volume: held };
}

/** Returns the `count` + 1 bounds of equal bins between two prices × 10^`places`. */
function boundsOf(low: bigint, high: bigint, count: number, places: number): readonly Decimal[] {
  const span = high - low;
  const divisor = BigInt(count);
  let more = 0;
  while (places + more < DECIMAL_SCALE && (span * powerOfTen(more)) % divisor !== 0n) more++;
  const scaledSpan = span * powerOfTen(more);
  const scaledLow = low * powerOfTen(more);
  // The bound's distance from `low`. If `whole` is false, it is times `count`, to stay exact until the division.
  let above = 0n;
  const whole = scaledSpan % divisor === 0n;
  const step = whole ? scaledSpan / divisor : scaledSpan;
  return Array.from({ length: count + 1 }, () => {
    const bound = scaledLow + (whole ? above : roundHalfEven(above, divisor));
    above += step;
    return decimalOf(bound, places + more);
  });
}
