import type { VenueSpec } from '../venue-spec.ts';
import { BasisNoise } from './basis-noise.ts';
import type { SimulatedCandle } from './candle.ts';
import { CandleStore } from './candle-store.ts';
import type { MarketCoin } from './coins.ts';
import { eightPlaces, shortest } from './decimals.ts';
import { PastTrades } from './past-trades.ts';
import { PricePath } from './price-path.ts';
import { hash, hashText, Random } from './random.ts';
import { type Trade, type TradePredicate, TradeRing } from './trade-ring.ts';

export type SideName = 'bids' | 'asks';

export interface SimulatedLevel {
  readonly price: number;
  readonly quantity: number;
}

/** A trade as its venue writes it. */
export interface TradeTexts {
  readonly id: string;
  readonly price: string;
  readonly quantity: string;
  /** When the trade happened, milliseconds since 1970. */
  readonly time: number;
  readonly sell: boolean;
  /** Id of the first trade in an aggregated trade. */
  readonly firstId?: number;
  /** Id of the last trade in an aggregated trade. */
  readonly lastId?: number;
  /** The sequence number of Bybit's matching engine. Only Bybit has this field and the next two. */
  readonly sequence?: string;
  readonly blockTrade?: boolean;
  readonly rpi?: boolean;
}

/** Typical values in USDT: of a level, of a trade, and of all trades in a minute. */
const LEVEL_VALUE = 25_000;
const TRADE_VALUE = 1_500;
const MINUTE_VALUE = 900_000;

export interface SimulatedInstrumentOptions {
  readonly spec: VenueSpec;
  readonly coin: MarketCoin;
  readonly index: number;
  readonly seed: number;
  /** When the market opened, milliseconds since 1970. */
  readonly startedAt: number;
  readonly keptTrades: number;
  /** Deviation of the difference between this venue's price and the fair price, basis points; 0 by default. */
  readonly basisNoiseBps?: number | undefined;
}

/**
 * One instrument of a simulated venue. Prices are in ticks, quantities in lots.
 *
 * The book is a pure function of the best prices and the update id: hashes decide which prices hold an order and how
 * much. So the best prices, the depth and a book built from differences agree at every update id, and no book is
 * stored.
 */
export class SimulatedInstrument {
  readonly symbol: string;
  readonly coin: string;
  readonly index: number;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  readonly trades: TradeRing;
  readonly largestLevel: number;
  readonly meanTrade: number;
  readonly candles: CandleStore;
  /** The sides without orders. */
  readonly withdrawn = new Set<SideName>();
  /** The trades before the market opened; undefined after a reset. */
  past: PastTrades | undefined;
  bestBid = 0;
  bestAsk = 0;
  nextTradeId: number;
  nextAggTradeId: number;
  /** Number of the next orders that are block trades. */
  blockOrders = 0;
  /** The update id of the book's last change. */
  updateId: number;
  /** When the book changed last, milliseconds since 1970. */
  changedAt: number;
  private readonly path: PricePath;
  private readonly basis: BasisNoise | undefined;
  private readonly offset: number;
  /** The factor of a fault that shifts all prices; 1 without it. */
  private shift = 1;
  private seconds = 0;
  private readonly ticksPerUnit: number;
  private readonly bookSeed: number;
  private readonly write: (units: number, decimals: number) => string;

  constructor(options: SimulatedInstrumentOptions) {
    const { spec, coin, index, seed, startedAt, keptTrades, basisNoiseBps = 0 } = options;
    const own = hashText(`${spec.id}:${coin.coin}`, seed);
    const ids = new Random(own);
    this.symbol = coin.symbol;
    this.coin = coin.coin;
    this.index = index;
    this.priceDecimals = coin.priceDecimals;
    this.quantityDecimals = coin.quantityDecimals;
    this.write = spec.protocol === 'bybit' ? shortest : eightPlaces;
    this.ticksPerUnit = 10 ** coin.priceDecimals;
    this.offset = 1 + spec.priceOffset;
    this.path = new PricePath(hashText(coin.coin, seed), coin.price);
    this.basis = basisNoiseBps === 0 ? undefined : new BasisNoise(hash(own, 3), basisNoiseBps);
    const unit = 10 ** coin.quantityDecimals / coin.price;
    this.largestLevel = Math.max(9, Math.round(LEVEL_VALUE * unit * 2));
    this.meanTrade = Math.max(2, TRADE_VALUE * unit);
    this.trades = new TradeRing(keptTrades);
    this.nextTradeId = spec.firstTradeId + ids.below(1_000);
    this.nextAggTradeId = Math.max(1, Math.floor(this.nextTradeId * 0.8));
    this.updateId = spec.firstUpdateId + ids.below(1_000);
    this.changedAt = startedAt;
    this.bookSeed = hash(own, 1);
    this.requote(0);
    const past = new PastTrades({
      seed: hash(own, 2),
      price: Math.floor((this.bestBid + this.bestAsk) / 2),
      startedAt,
      firstId: this.nextTradeId,
      firstGroup: this.nextAggTradeId,
      minuteVolume: Math.max(1, Math.round(MINUTE_VALUE * unit)),
    });
    this.candles = new CandleStore(past, keptTrades > 8_192 ? 1_000 : 60);
    this.past = past;
  }

  /**
   * Yields the trades from the first that passes `from` to before the first that passes `end`. Trades before the
   * market opened are included.
   */
  *tradesFrom(from: TradePredicate, end: TradePredicate = () => false): Generator<Trade, undefined, undefined> {
    const { past, trades } = this;
    if (past !== undefined)
      for (let id = past.search(from); id < past.options.firstId; id++) {
        const trade = past.trade(id);
        if (end(trade)) return;
        yield trade;
      }
    for (let number = trades.search(from); number < trades.count; number++) {
      const trade = trades.at(number);
      if (end(trade)) return;
      yield trade;
    }
  }

  /** Moves the best prices to the coin's fair price at `seconds` of market time. */
  requote(seconds: number): void {
    this.seconds = seconds;
    const price = this.path.at(seconds) * this.offset * (this.basis?.factorAt(seconds) ?? 1) * this.shift;
    const middle = Math.max(4, Math.floor(price * this.ticksPerUnit));
    this.bestBid = this.restingAtOrBelow(middle);
    this.bestAsk = this.restingAtOrAbove(this.bestBid + 1);
  }

  private restingAtOrBelow(price: number): number {
    let at = price;
    while (at > 1 && !this.rests(at)) at--;
    return at;
  }

  restingAtOrAbove(price: number): number {
    let at = price;
    while (!this.rests(at)) at++;
    return at;
  }

  /** The resting quantity at a price that holds an order, in lots. */
  quantityAt(price: number): number {
    const level = hash(this.bookSeed, price);
    const period = (level >>> 8) % 11;
    return this.quantity(level, Math.floor((this.updateId + (level & 1023)) / 2 ** period));
  }

  /**
   * The resting quantity at a price far from the best one. It is constant, unlike the quantities near the best price.
   */
  deepQuantityAt(price: number): number {
    return this.quantity(hash(this.bookSeed, price), -1);
  }

  /** The best `count` levels of a side, best first. */
  levels(side: SideName, count: number): SimulatedLevel[] {
    const levels: SimulatedLevel[] = [];
    if (this.withdrawn.has(side)) return levels;
    let price = side === 'bids' ? this.bestBid : this.bestAsk;
    for (; levels.length < count && price > 1; price = this.behind(side, price))
      levels.push({ price, quantity: this.quantityAt(price) });
    return levels;
  }

  /** Returns the next worse price of a side that holds an order. */
  behind(side: SideName, price: number): number {
    return side === 'bids' ? this.restingAtOrBelow(price - 1) : this.restingAtOrAbove(price + 1);
  }

  /** A price as the venue writes it. */
  priceText(ticks: number): string {
    return this.write(ticks, this.priceDecimals);
  }

  quantityText(lots: number): string {
    return this.write(lots, this.quantityDecimals);
  }

  quoteText(product: number): string {
    return this.write(product, this.priceDecimals + this.quantityDecimals);
  }

  tradeTexts({ id, price, quantity, time, sell }: Trade): TradeTexts {
    return { id: `${id}`, price: this.priceText(price), quantity: this.quantityText(quantity), time, sell };
  }

  /** The prices and volumes of a candle as the venue writes them. */
  candleTexts({ open, high, low, close, volume, quote, buyVolume, buyQuote }: SimulatedCandle) {
    return {
      open: this.priceText(open),
      high: this.priceText(high),
      low: this.priceText(low),
      close: this.priceText(close),
      volume: this.quantityText(volume),
      quote: this.quoteText(quote),
      buyVolume: this.quantityText(buyVolume),
      buyQuote: this.quoteText(buyQuote),
    };
  }

  /** The best prices and their quantities, as the venue writes them; zero on a side without orders. */
  bestTexts() {
    const { bestBid, bestAsk, withdrawn } = this;
    const [hasBids, hasAsks] = [!withdrawn.has('bids'), !withdrawn.has('asks')];
    return {
      bid: this.priceText(hasBids ? bestBid : 0),
      bidQuantity: this.quantityText(hasBids ? this.quantityAt(bestBid) : 0),
      ask: this.priceText(hasAsks ? bestAsk : 0),
      askQuantity: this.quantityText(hasAsks ? this.quantityAt(bestAsk) : 0),
    };
  }

  levelsText(levels: readonly SimulatedLevel[]): string {
    const rows = levels.map(({ price, quantity }) => `["${this.priceText(price)}","${this.quantityText(quantity)}"]`);
    return `[${rows.join(',')}]`;
  }

  /** The testnet's monthly reset: ids restart at 1, and all trades are gone. */
  reset(): void {
    this.nextTradeId = 1;
    this.nextAggTradeId = 1;
    this.updateId = 1;
    this.trades.clear();
    this.past = undefined;
  }

  /** Withdraws all orders of a side, or brings them back. */
  setWithdrawn(side: SideName, isWithdrawn: boolean, now: number): void {
    if (isWithdrawn) this.withdrawn.add(side);
    else this.withdrawn.delete(side);
    this.updateId++;
    this.changedAt = now;
  }

  /** Multiplies all later prices by a factor. The best prices change at once. */
  shiftPrices(factor: number, now: number): void {
    this.shift = factor;
    this.requote(this.seconds);
    this.updateId++;
    this.changedAt = now;
  }

  /** Restarts the book's update ids at 1. */
  restartBook(now: number): void {
    this.updateId = 1;
    this.changedAt = now;
  }

  private quantity(level: number, version: number): number {
    const share = (hash(level, version) >>> 8) / 16777216;
    return 1 + Math.floor(share * share * this.largestLevel);
  }

  private rests(price: number): boolean {
    return (hash(this.bookSeed, price) & 3) !== 0;
  }
}
