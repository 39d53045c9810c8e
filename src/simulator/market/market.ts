import { at } from '../../domain/at.ts';
import type { VenueSpec } from '../venue-spec.ts';
import { marketCoins } from './coins.ts';
import { hashText, Random } from './random.ts';
import { SimulatedInstrument } from './simulated-instrument.ts';
import type { Trade } from './trade-ring.ts';

/** Called with the trades of every taker order. */
export type OnOrder = (instrument: SimulatedInstrument, trades: readonly Trade[]) => void;

export interface MarketOptions {
  readonly spec: VenueSpec;
  readonly seed: number;
  readonly symbols: number;
  /** Trades a second, all symbols together. */
  readonly rate: number;
  /** When the market opens, milliseconds since 1970. */
  readonly startedAt: number;
  /** Deviation of the difference between a venue's price and the fair price, basis points; 0 by default. */
  readonly basisNoiseBps?: number | undefined;
  /** Number of latest trades of each symbol that REST can return; by default fewer, the more symbols there are. */
  readonly keptTrades?: number | undefined;
}

const keptOf = (symbols: number): number => (symbols <= 64 ? 16_384 : symbols <= 256 ? 4_096 : 1_024);

/**
 * One venue's market. The seed and the number of trades alone decide what it trades, never the clock. The same options
 * give the same trades in the same order. Market time is the number of trades divided by the rate. Prices depend only
 * on market time, so they are about the same at all venues, but for `basisNoiseBps`.
 */
export class SimulatedMarket {
  readonly instruments: readonly SimulatedInstrument[];
  readonly bySymbol: ReadonlyMap<string, SimulatedInstrument>;
  /** Number of trades made. */
  made = 0;
  /** Number of trades that were due but not made, because the market or the symbol was paused. */
  leftOut = 0;
  paused = false;
  readonly pausedSymbols = new Set<string>();
  private readonly spec: VenueSpec;
  private readonly random: Random;
  readonly rate: number;
  private readonly longestOrder: number;
  private readonly thresholds: Float64Array;
  private readonly aliases: Int32Array;
  /** The matching engine's sequence number of the last order (Bybit's `seq`). */
  lastSequence: number;
  private hot: SimulatedInstrument | undefined;
  private hotOrders = 0;

  constructor({ spec, seed, symbols, rate, startedAt, basisNoiseBps, keptTrades = keptOf(symbols) }: MarketOptions) {
    this.spec = spec;
    this.rate = rate;
    this.random = new Random(hashText(spec.id, seed));
    this.longestOrder = Math.min(600, Math.max(2, Math.floor(rate / 10)));
    this.lastSequence = 61_000_000_000 + this.random.below(1_000_000);
    this.instruments = marketCoins(symbols).map(
      (coin, index) => new SimulatedInstrument({ spec, coin, index, seed, startedAt, keptTrades, basisNoiseBps }),
    );
    this.bySymbol = new Map(this.instruments.map((instrument) => [instrument.symbol, instrument]));
    const weights = this.instruments.map((_, i) => (i + 2) ** -0.7);
    ({ thresholds: this.thresholds, aliases: this.aliases } = aliasTable(weights));
  }

  /** Makes orders until they have at least `trades` trades. Returns the number of trades. */
  advance(trades: number, time: number, onOrder: OnOrder): number {
    if (this.paused) {
      this.leftOut += trades;
      return trades;
    }
    let done = 0;
    while (done < trades) done += this.order(time, onOrder);
    return done;
  }

  private order(time: number, onOrder: OnOrder): number {
    const { random } = this;
    const instrument = this.pick();
    const shape = random.next();
    const count = this.fills(shape & 0xffff);
    if (this.pausedSymbols.size > 0 && this.pausedSymbols.has(instrument.symbol)) {
      this.leftOut += count;
      return count;
    }
    const sell = (shape & 0x10000) !== 0;
    instrument.requote((this.made + this.leftOut) / this.rate);
    this.lastSequence += 1 + (shape >>> 27);
    const hasSparseIds = this.spec.protocol === 'bybit';
    if (hasSparseIds && shape >>> 30 === 0) instrument.nextTradeId += 1 + ((shape >>> 20) & 3);

    const block = instrument.blockOrders > 0;
    if (block) instrument.blockOrders--;
    const trades: Trade[] = [];
    let price = sell ? instrument.bestBid : instrument.bestAsk;
    let group = hasSparseIds ? this.lastSequence : instrument.nextAggTradeId;
    for (let i = 0; i < count; i++) {
      const draw = random.next();
      if (i > 0 && (draw & 7) === 0) {
        price = instrument.behind(sell ? 'bids' : 'asks', price);
        if (!hasSparseIds) group++;
      }
      const quantity = 1 + Math.floor(sizeOf((draw >>> 8) + 1) * instrument.meanTrade);
      trades.push({ id: instrument.nextTradeId++, group, price, quantity, time, sell, block });
    }
    for (const trade of trades) {
      instrument.trades.push(trade);
      if (!block) instrument.candles.add(trade);
    }
    if (!hasSparseIds) instrument.nextAggTradeId = group + 1;
    instrument.updateId += 1 + ((shape >>> 18) & 3);
    instrument.changedAt = time;
    this.made += count;
    onOrder(instrument, trades);
    return count;
  }

  /** Chooses the symbol of the next order. Now and then one symbol gets most orders for a while. */
  private pick(): SimulatedInstrument {
    const draw = this.random.next();
    if (this.hotOrders > 0) {
      this.hotOrders--;
      if (this.hot !== undefined && (draw & 15) > 4) return this.hot;
    }
    const position = (draw / 4294967296) * this.instruments.length;
    const column = Math.floor(position);
    const index = position - column < at(this.thresholds, column) ? column : at(this.aliases, column);
    const instrument = at(this.instruments, index);
    if (this.hotOrders === 0 && this.random.next() < 8_589_934) {
      this.hot = instrument;
      this.hotOrders = 20 + this.random.below(Math.max(10, Math.min(400, this.rate)));
    }
    return instrument;
  }

  /** Number of trades of an order: mostly one, sometimes hundreds, at most a tenth of a second's trades. */
  private fills(draw: number): number {
    if (draw < 50_000) return 1;
    const { random, longestOrder } = this;
    if (draw < 60_500) return Math.min(longestOrder, 2 + random.below(3));
    if (draw < 65_000) return Math.min(longestOrder, 5 + random.below(16));
    if (draw < 65_500) return Math.min(longestOrder, 20 + random.below(80));
    return Math.min(longestOrder, 100 + random.below(500));
  }
}

/** Number of values of a draw of 24 bits. */
const DRAWS = 2 ** 24;

/**
 * Returns the size of a trade, as a multiple of the mean, for a draw from 1 to 2^24. Sizes have a Lomax distribution
 * with exponent 3: most trades are small, and one of 220 is at least ten times the mean, as in real markets.
 */
function sizeOf(draw: number): number {
  return 2 * (Math.cbrt(DRAWS / draw) - 1);
}

/** Walker's alias table: draws an index by weight in constant time. */
function aliasTable(weights: readonly number[]): { thresholds: Float64Array; aliases: Int32Array } {
  const size = weights.length;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const thresholds = Float64Array.from(weights, (weight) => (weight * size) / sum);
  const aliases = Int32Array.from(weights, (_, index) => index);
  const small: number[] = [];
  const large: number[] = [];
  thresholds.forEach((share, index) => {
    (share < 1 ? small : large).push(index);
  });
  for (let over = large.at(-1); over !== undefined; over = large.at(-1)) {
    const under = small.pop();
    if (under === undefined) break;
    aliases[under] = over;
    const left = at(thresholds, over) - (1 - at(thresholds, under));
    thresholds[over] = left;
    if (left < 1) {
      large.pop();
      small.push(over);
    }
  }
  for (const index of [...small, ...large]) thresholds[index] = 1;
  return { thresholds, aliases };
}
