import type {
  BookDelta,
  FeedStatus,
  Heartbeat,
  LargeTrade,
  OrderBookSnapshot,
  TradeStats,
  VenueAge,
} from '../../src/domain/record.ts';
import { healthyFeed, priceTick, statusRecord, tradeEvent } from '../judges/events.ts';

/* Records of a simulated feed, for tests of the gateway and its page. */

/** The time of the tests, milliseconds since 1970: shortly after the trades of testing/judges/events. */
export const NOW = 1_723_161_260_000;

const common = {
  venue: 'bybit',
  symbol: 'BTCUSDT',
  venueSymbol: 'BTCUSDT',
  coin: 'BTC',
  environment: 'simulated',
  epoch: 1,
  receivedAt: (NOW - 100) * 1000,
} as const;

/** Records of one symbol at bybit in epoch 1, received 100 ms ago. */
export const trade = (id: number, fields: Partial<ReturnType<typeof tradeEvent>> = {}) =>
  tradeEvent(id, { ...common, timestamp: NOW - 200 + id, ...fields });
export const price = (text: string, fields: Partial<ReturnType<typeof priceTick>> = {}) =>
  priceTick({ ...common, price: text, timestamp: NOW - 200, ...fields });

export function orderBook(fields: Partial<OrderBookSnapshot> = {}): OrderBookSnapshot {
  return {
    kind: 'order_book',
    ...common,
    updateId: '7',
    bids: [
      { price: '99.5', quantity: '2' },
      { price: '99', quantity: '1.25' },
    ],
    asks: [
      { price: '100.5', quantity: '1' },
      { price: '101', quantity: '3' },
    ],
    timestamp: null,
    stale: false,
    ...fields,
  };
}

export function bookDelta(fields: Partial<BookDelta> = {}): BookDelta {
  return {
    kind: 'book_delta',
    ...common,
    firstUpdateId: fields.lastUpdateId ?? '7',
    lastUpdateId: '7',
    previousUpdateId: null,
    snapshot: false,
    bids: [],
    asks: [],
    timestamp: null,
    sequence: null,
    worstKnownBid: null,
    worstKnownAsk: null,
    ...fields,
  };
}

export function tradeStats(windowStart: number, fields: Partial<TradeStats> = {}): TradeStats {
  return {
    kind: 'trade_stats',
    ...common,
    windowMs: 60_000,
    windowStart,
    windowEnd: windowStart + 60_000,
    trades: 2,
    buyTrades: 1,
    sellTrades: 1,
    volume: '3',
    buyVolume: '2',
    sellVolume: '1',
    value: '300',
    buyValue: '200',
    sellValue: '100',
    vwap: '100',
    open: '100',
    high: '100',
    low: '100',
    close: '100',
    averageQuantity: '1.5',
    buyRatioVolume: 2 / 3,
    buyRatioCount: 0.5,
    flow: 'buy',
    volatility: null,
    complete: true,
    revision: 0,
    ...fields,
  };
}

export function largeTrade(id: number): LargeTrade {
  return { ...trade(id), kind: 'large_trade', averageQuantity: '0.001', multiple: 20 };
}

let sequence = 0;
export function status(state: string, fields: Partial<FeedStatus> = {}): FeedStatus {
  return statusRecord(state, { sequence: ++sequence, timestamp: NOW, environment: 'simulated', ...fields });
}

export const venueAge = (venue: string, ageMs: number): VenueAge => ({
  venue,
  ageMs,
  clockOffsetMs: null,
  eventLagMs: null,
});

export const heartbeat = (given: Partial<Heartbeat> = {}, fields: Partial<FeedStatus> = {}): FeedStatus =>
  status('heartbeat', { heartbeat: healthyFeed({ venueAges: [venueAge('bybit', 10)], ...given }), ...fields });
