import { at } from '../../domain/at.ts';
import type { Decimal } from '../../domain/decimal.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { FeedRecord, LargeTrade, PriceTick, TradeEvent, TradeStats } from '../../domain/record.ts';
import { isBlockTrade } from '../../market/trades/block-trade.ts';
import { LargeTrades } from '../../market/trades/large-trades.ts';
import { flowOf } from '../../market/trades/trade-flow.ts';
import { TradeHistory } from '../../market/trades/trade-history.ts';
import { CountRate } from '../../telemetry/count-rate.ts';
import type { Series } from '../api/fields.ts';
import { CandleSeries } from './candle-series.ts';
import { KnownBook } from './known-book.ts';
import { type Order, putInOrder } from './put-in-order.ts';

/** Records of a market, with symbol, venue and epoch. */
export type MarketRecord = Exclude<
  FeedRecord,
  { kind: 'status' | 'gap' | 'audit' | 'position' | 'instrument' | 'dead_letter' }
>;

/** A large trade is compared with the mean of this many trades before it. */
const MEAN_OF = 1000;
/** 120 windows of each length are kept. */
const WINDOW_ORDER: Order<TradeStats> = {
  timeOf: ({ windowStart }) => windowStart,
  most: 120,
  replaces: (window, known) => window.revision >= known.revision,
};
const SPARKLINE_POINTS = 60;
const FEW_CANDLES = 10;
const SPARKLINE_STEP_US = 5_000_000;
const FLOW_WINDOW_MS = 60_000;
/** Trades that are older than this on arrival do not count for the present rate. */
const LIVE_MS = 5000;

/** The data of one symbol at one venue in one epoch, in bounded memory. */
export class SymbolSeries {
  readonly id: Series;
  readonly history: TradeHistory;
  readonly candles = new CandleSeries();
  tick: PriceTick | undefined;
  readonly book = new KnownBook();
  /** When the feed received the newest record, microseconds since 1970. */
  receivedAt = 0;
  readonly #historyTrades: number;
  readonly #rate = new CountRate();
  #liveTrades = 0;
  /** The last trades' quantities, without block trades, as many as `largeTrades` needs. */
  #quantities: Decimal[] = [];
  readonly #windows = new Map<number, TradeStats[]>();
  #sparkline: { receivedAt: number; readonly price: Decimal }[] = [];

  constructor({ symbol, coin, venue, environment, epoch }: MarketRecord, historyTrades: number) {
    this.id = { symbol, coin, venue, environment, epoch };
    this.#historyTrades = historyTrades;
    this.history = new TradeHistory({ size: historyTrades });
  }

  /** Adds a record. `at`: the present time, milliseconds since 1970. */
  add(record: MarketRecord, at: number): void {
    this.receivedAt = Math.max(this.receivedAt, record.receivedAt);
    if (record.kind === 'trade') this.#addTrade(record, at);
    else if (record.kind === 'price') this.#addTick(record);
    else if (record.kind === 'kline') this.candles.add(record);
    else if (record.kind === 'order_book' || record.kind === 'book_delta') this.book.add(record);
    else if (record.kind === 'trade_stats') this.#addWindow(record);
  }

  /** Updates the trades a second. Call it every second. */
  sampleRate(): void {
    this.#rate.sample(this.#liveTrades);
  }

  get tradesPerSecond(): number {
    return this.#rate.perSecond;
  }

  /** At most 60 prices, oldest first: closes of one-minute candles, or, if few are known, prices about 5 s apart. */
  get sparkline(): readonly Decimal[] {
    const candles = this.candles.latest('1m', SPARKLINE_POINTS) ?? [];
    return candles.length < FEW_CANDLES ? this.#sparkline.map(({ price }) => price) : candles.map(({ close }) => close);
  }

  /** The windows of a length, newest first. */
  windows(windowMs: number): readonly TradeStats[] {
    return (this.#windows.get(windowMs) ?? []).toReversed();
  }

  get windowLengths(): readonly number[] {
    return [...this.#windows.keys()].sort((a, b) => a - b);
  }

  /** Buying or selling pressure over the last closed minute, or over the remembered trades if no minute is closed. */
  get flow(): { readonly flow: string; readonly buyRatio: number } | undefined {
    const figures = this.#windows.get(FLOW_WINDOW_MS)?.at(-1) ?? this.history.lastTrades();
    if (figures === undefined) return undefined;
    return { flow: flowOf(figures.buyRatioVolume), buyRatio: figures.buyRatioVolume };
  }

  /** Trades of at least `threshold` times the mean quantity of the up to 1,000 trades before them, newest first. */
  largeTrades(threshold: number): readonly LargeTrade[] {
    const judge = new LargeTrades({ threshold, most: MEAN_OF });
    const trades = this.history.latest().filter((trade) => !isBlockTrade(trade));
    const oldest = this.#quantities.length - trades.length;
    const large: LargeTrade[] = [];
    for (const [index, quantity] of this.#quantities.entries()) {
      const figures = judge.next({ quantity });
      if (figures === undefined || index < oldest) continue;
      const trade = at(trades, trades.length - 1 - (index - oldest));
      large.push({ ...trade, kind: 'large_trade', ...figures });
    }
    return large.reverse();
  }

  #addTrade(trade: TradeEvent, at: number): void {
    this.history.add(trade);
    if (trade.source === 'live' && at - trade.receivedAt / 1000 < LIVE_MS) this.#liveTrades++;
    if (isBlockTrade(trade)) return;
    const kept = this.#historyTrades + MEAN_OF;
    this.#quantities.push(trade.quantity);
    if (this.#quantities.length >= 2 * kept) this.#quantities = this.#quantities.slice(-kept);
  }

  #addTick(tick: PriceTick): void {
    this.tick = tick;
    const { receivedAt, price } = tick;
    const last = this.#sparkline.at(-2);
    if (last !== undefined && receivedAt - last.receivedAt < SPARKLINE_STEP_US) this.#sparkline.pop();
    this.#sparkline.push({ receivedAt, price });
    if (this.#sparkline.length > SPARKLINE_POINTS) this.#sparkline.shift();
  }

  #addWindow(stats: TradeStats): void {
    const known = getOrCreate(this.#windows, stats.windowMs, () => []);
    putInOrder(known, stats, WINDOW_ORDER);
  }
}
