import type { BookUpdate, Ticker } from '../../src/domain/market-event.ts';
import type {
  AggTrade,
  BookTicker,
  FeedStatus,
  Gap,
  Heartbeat,
  Kline,
  PriceTick,
  TradeEvent,
} from '../../src/domain/record.ts';
import { NO_FACTS } from '../../src/domain/venue-state.ts';

/** Fields of all events for tests. The functions below make plausible events, and each field can be replaced. */
const common = {
  venue: 'binance',
  symbol: 'BTCUSDT',
  venueSymbol: 'BTCUSDT',
  coin: 'BTC',
  environment: 'production',
  epoch: 0,
  receivedAt: 1_723_161_254_087_896,
} as const;

export function tradeEvent(id: number | string, fields: Partial<TradeEvent> = {}): TradeEvent {
  return {
    kind: 'trade',
    ...common,
    price: '61837.63',
    quantity: '0.02',
    isBuyerMaker: true,
    timestamp: 1_723_161_255_342,
    eventTime: null,
    tradeId: String(id),
    lastTradeId: null,
    conditions: [],
    source: 'live',
    timestampUs: null,
    ...fields,
  };
}

export function aggTrade(first: number, last: number, fields: Partial<AggTrade> = {}): AggTrade {
  return { ...tradeEvent(first), kind: 'agg_trade', firstTradeId: String(first), lastTradeId: String(last), ...fields };
}

export function ticker(fields: Partial<Ticker> = {}): Ticker {
  return {
    kind: 'ticker',
    ...common,
    price: '61840',
    timestamp: 1_723_161_256_000,
    volume24h: '1000',
    quoteVolume24h: '61840000',
    change24h: '-1.5',
    open24h: '62781.72',
    high24h: '63000',
    low24h: '61500',
    vwap24h: '61840',
    tradeCount24h: 5000,
    ...fields,
  };
}

export function priceTick(fields: Partial<PriceTick> = {}): PriceTick {
  const { kind: _, ...of } = ticker();
  return { kind: 'price', ...of, ...fields };
}

export function bookTicker(updateId: number, fields: Partial<BookTicker> = {}): BookTicker {
  return {
    kind: 'book_ticker',
    ...common,
    bidPrice: '61837.63',
    bidQuantity: '1',
    askPrice: '61837.64',
    askQuantity: '2',
    updateId: String(updateId),
    timestamp: null,
    timestampUs: null,
    ...fields,
  };
}

export function kline(openTime: number, timestamp: number, fields: Partial<Kline> = {}): Kline {
  return {
    kind: 'kline',
    ...common,
    interval: '1m',
    timestamp,
    openTime,
    closeTime: openTime + 59_999,
    open: '1',
    high: '2',
    low: '1',
    close: '2',
    volume: '3',
    quoteVolume: '5',
    takerBuyVolume: '1',
    takerBuyQuoteVolume: '2',
    tradeCount: 4,
    closed: false,
    ...fields,
  };
}

export function bookUpdate(updateId: number, fields: Partial<BookUpdate> = {}): BookUpdate {
  const id = String(updateId);
  return {
    kind: 'book_update',
    ...common,
    firstUpdateId: id,
    lastUpdateId: id,
    snapshot: false,
    bids: [{ price: '61837.63', quantity: '1' }],
    asks: [{ price: '61837.64', quantity: '2' }],
    timestamp: null,
    sequence: null,
    ...fields,
  };
}

/** A status record of the whole feed. */
export function statusRecord(state: string, fields: Partial<FeedStatus> = {}): FeedStatus {
  return {
    kind: 'status',
    sequence: 1,
    state,
    reason: '',
    ...NO_FACTS,
    activeVenue: 'bybit',
    instance: 'a',
    timestamp: 1_723_161_255_342,
    environment: 'production',
    ...fields,
  };
}

/** The state of a feed without any fault, for a status record. */
export function healthyFeed(fields: Partial<Heartbeat> = {}): Heartbeat {
  return {
    trading: 'allowed',
    tradingReason: 'data flow',
    halted: [],
    symbols: ['BTCUSDT'],
    staleBooks: [],
    haltedInstruments: [],
    disputedPrices: [],
    venueAges: [],
    ...fields,
  };
}

/** A gap of seven trades. */
export function gapRecord(fields: Partial<Gap> = {}): Gap {
  return {
    kind: 'gap',
    channel: 'trade',
    venue: 'binance',
    symbol: 'BTCUSDT',
    epoch: 1,
    fromId: '1',
    toId: '9',
    fromTime: 1_723_161_255_000,
    toTime: 1_723_161_255_342,
    missing: 7,
    filled: 0,
    outcome: 'unrepaired',
    environment: 'production',
    ...fields,
  };
}
