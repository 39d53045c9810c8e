/** A coin of the simulated market, against USDT. */
export interface MarketCoin {
  readonly coin: string;
  readonly symbol: string;
  /** Price in USDT at the start; the seed changes it a little. */
  readonly price: number;
  /** Decimal places of the price step. */
  readonly priceDecimals: number;
  /** Decimal places of a lot. priceDecimals + quantityDecimals is at most 8, so quote amounts fit Binance's eight places. */
  readonly quantityDecimals: number;
}

export const QUOTE = 'USDT';
export const MAX_COINS = 2000;

const REAL: readonly (readonly [coin: string, price: number, priceDecimals: number, quantityDecimals: number])[] = [
  ['BTC', 64_250, 2, 5],
  ['ETH', 3_180, 2, 4],
  ['SOL', 152, 2, 3],
  ['BNB', 585, 2, 3],
  ['XRP', 0.58, 4, 1],
  ['ADA', 0.45, 4, 1],
  ['DOGE', 0.125, 5, 0],
  ['AVAX', 27.5, 2, 2],
  ['DOT', 6.1, 3, 2],
  ['LINK', 13.4, 2, 2],
  ['LTC', 71.5, 2, 3],
  ['POL', 0.52, 4, 1],
  ['UNI', 8.05, 3, 2],
  ['ATOM', 6.75, 3, 2],
  ['NEAR', 5.35, 3, 1],
  ['APT', 7.1, 2, 2],
  ['ARB', 0.72, 4, 1],
  ['OP', 1.85, 3, 2],
  ['FIL', 4.4, 3, 2],
  ['TRX', 0.135, 4, 1],
];

export const DEFAULT_COINS = REAL.length;

/** Returns the first `count` coins: the real coins, then X0001, X0002, … with prices between 0.01 and 1,000 USDT. */
export function marketCoins(count: number): MarketCoin[] {
  return Array.from({ length: count }, (_, index) => coinAt(index));
}

function coinAt(index: number): MarketCoin {
  const real = REAL[index];
  if (real !== undefined) {
    const [coin, price, priceDecimals, quantityDecimals] = real;
    return { coin, symbol: coin + QUOTE, price, priceDecimals, quantityDecimals };
  }
  const number = index - REAL.length + 1;
  const coin = `X${String(number).padStart(4, '0')}`;
  const magnitude = number % 5;
  const price = 10 ** (magnitude - 2) * (1 + ((number * 37) % 83) / 10);
  const priceDecimals = 6 - magnitude;
  return { coin, symbol: coin + QUOTE, price, priceDecimals, quantityDecimals: Math.max(0, magnitude - 1) };
}
