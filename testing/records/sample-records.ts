import type {
  AggTrade,
  Audit,
  BookDelta,
  BookTicker,
  DeadLetter,
  FeedRecord,
  FeedStatus,
  Gap,
  Heartbeat,
  InstrumentRecord,
  Kline,
  LargeTrade,
  OrderBookSnapshot,
  Position,
  PriceTick,
  TradeEvent,
  TradeStats,
} from '../../src/domain/record.ts';

const market = {
  venue: 'bybit',
  symbol: 'BTCUSDT',
  venueSymbol: 'BTCUSDT',
  coin: 'BTC',
  environment: 'production',
  epoch: 3,
  receivedAt: 1_763_712_345_123_456,
} as const;

export const sampleTrade = (changes: Partial<TradeEvent> = {}): TradeEvent => ({
  kind: 'trade',
  ...market,
  price: '61837.63',
  quantity: '0.00292',
  isBuyerMaker: true,
  timestamp: 1_763_712_345_100,
  eventTime: 1_763_712_345_101,
  tradeId: '2290000000123456789',
  lastTradeId: null,
  conditions: [],
  source: 'live',
  timestampUs: 1_763_712_345_100_123,
  ...changes,
});

export const sampleAggTrade = (changes: Partial<AggTrade> = {}): AggTrade => ({
  kind: 'agg_trade',
  ...market,
  venue: 'binance',
  price: '61837.63',
  quantity: '12',
  isBuyerMaker: false,
  timestamp: 1_763_712_345_100,
  eventTime: null,
  tradeId: '3735683259',
  firstTradeId: '3735683259',
  lastTradeId: '3735683264',
  conditions: ['aggregated'],
  source: 'backfill',
  timestampUs: null,
  ...changes,
});

export const samplePrice = (changes: Partial<PriceTick> = {}): PriceTick => ({
  kind: 'price',
  ...market,
  price: '61837.63',
  timestamp: 1_763_712_345_100,
  volume24h: '18211.123456',
  quoteVolume24h: null,
  change24h: '-1.25',
  open24h: '62620.38',
  high24h: '62900',
  low24h: '61500.5',
  vwap24h: '62104.12345678',
  tradeCount24h: 2_683_260,
  ...changes,
});

export const sampleBookTicker = (changes: Partial<BookTicker> = {}): BookTicker => ({
  kind: 'book_ticker',
  ...market,
  bidPrice: '61837.62',
  bidQuantity: '1.5',
  askPrice: '61837.63',
  askQuantity: '0.000000000000000001',
  updateId: '400900217',
  timestamp: null,
  timestampUs: null,
  ...changes,
});

export const sampleKline = (changes: Partial<Kline> = {}): Kline => ({
  kind: 'kline',
  ...market,
  interval: '1m',
  timestamp: 1_763_712_345_100,
  openTime: 1_763_712_300_000,
  closeTime: 1_763_712_359_999,
  open: '61800',
  high: '61840.01',
  low: '61799.99',
  close: '61837.63',
  volume: '0',
  quoteVolume: '99999999999999999999.999999999999999999',
  takerBuyVolume: null,
  takerBuyQuoteVolume: '61837.63',
  tradeCount: 128,
  closed: false,
  ...changes,
});

export const sampleHeartbeat: Heartbeat = {
  trading: 'halted',
  tradingReason: 'bybit is stale',
  halted: ['ETHUSDT'],
  symbols: ['BTCUSDT', 'ETHUSDT'],
  staleBooks: [],
  haltedInstruments: ['ETHUSDT'],
  venueAges: [{ venue: 'bybit', ageMs: 5012, clockOffsetMs: -7, eventLagMs: null }],
};

export const sampleStatus = (changes: Partial<FeedStatus> = {}): FeedStatus => ({
  kind: 'status',
  sequence: 17,
  state: 'failed_over',
  reason: 'bybit: region blocked · 451',
  venue: 'binance',
  symbol: 'BTCUSDT',
  coin: 'BTC',
  channel: null,
  cause: 'region_blocked',
  line: null,
  heartbeat: null,
  switch: {
    from: 'bybit',
    to: 'binance',
    lastId: '2290000000123456789',
    lastTimestamp: 1_763_712_344_100,
    firstId: null,
    firstTimestamp: null,
  },
  activeVenue: 'binance',
  instance: '7f3c',
  timestamp: 1_763_712_345_100,
  details: { symbols: '1' },
  environment: 'production',
  ...changes,
});

export const sampleGap = (changes: Partial<Gap> = {}): Gap => ({
  kind: 'gap',
  channel: 'trade',
  venue: 'binance',
  symbol: 'BTCUSDT',
  epoch: 4,
  fromId: '3735683259',
  toId: null,
  fromTime: 1_763_712_345_100,
  toTime: 1_763_712_346_100,
  missing: null,
  filled: 0,
  outcome: 'unknown',
  environment: 'production',
  ...changes,
});

export const samplePosition = (changes: Partial<Position> = {}): Position => ({
  kind: 'position',
  venue: 'binance',
  symbol: 'BTCUSDT',
  epoch: 4,
  tradeId: null,
  timestamp: 1_763_712_345_100,
  environment: 'production',
  ...changes,
});

export const sampleInstrument = (changes: Partial<InstrumentRecord> = {}): InstrumentRecord => ({
  kind: 'instrument',
  venue: 'bybit',
  symbol: 'AAPLXUSDT',
  venueSymbol: 'AAPLXUSDT',
  coin: 'AAPLX',
  quote: 'USDT',
  status: 'trading',
  tickSize: '0.01',
  lotStep: '0.001',
  minQuantity: null,
  minValue: '5',
  multiplier: '1.002',
  receivedAt: 1_763_712_345_123_456,
  environment: 'production',
  ...changes,
});

export const sampleDeadLetter = (changes: Partial<DeadLetter> = {}): DeadLetter => ({
  kind: 'dead_letter',
  venue: 'binance_us',
  receivedAt: 1_763_712_345_123_456,
  stage: 'decode',
  reason: 'p: "NaN" is no decimal',
  payload: Buffer.from('{"p":"NaN"}'),
  environment: 'production',
  ...changes,
});

export const sampleOrderBook = (changes: Partial<OrderBookSnapshot> = {}): OrderBookSnapshot => ({
  kind: 'order_book',
  ...market,
  updateId: '39044951',
  bids: [
    { price: '61837.63', quantity: '3.78826' },
    { price: '61837.5', quantity: '0.1' },
  ],
  asks: [{ price: '61837.64', quantity: '1.54698' }],
  timestamp: 1_763_712_345_100,
  stale: false,
  ...changes,
});

export const sampleBookDelta = (changes: Partial<BookDelta> = {}): BookDelta => ({
  kind: 'book_delta',
  ...market,
  venue: 'binance',
  firstUpdateId: '50093239203',
  lastUpdateId: '50093239207',
  previousUpdateId: '50093239202',
  snapshot: false,
  bids: [{ price: '55653.87', quantity: '0' }],
  asks: [],
  timestamp: null,
  sequence: null,
  worstKnownBid: null,
  worstKnownAsk: null,
  ...changes,
});

export const sampleTradeStats = (changes: Partial<TradeStats> = {}): TradeStats => ({
  kind: 'trade_stats',
  ...market,
  windowMs: 1000,
  windowStart: 1_763_712_345_000,
  windowEnd: 1_763_712_346_000,
  trades: 3,
  buyTrades: 2,
  sellTrades: 1,
  volume: '0.6',
  buyVolume: '0.5',
  sellVolume: '0.1',
  value: '37102.57',
  buyValue: '30918.81',
  sellValue: '6183.76',
  vwap: '61837.616666666666666667',
  open: '61837.6',
  high: '61837.64',
  low: '61837.6',
  close: '61837.62',
  averageQuantity: '0.2',
  buyRatioVolume: 0.833,
  buyRatioCount: 0.666,
  flow: 'strong_buy',
  volatility: null,
  complete: true,
  revision: 0,
  ...changes,
});

export const sampleLargeTrade = (changes: Partial<LargeTrade> = {}): LargeTrade => ({
  ...sampleTrade({ quantity: '12.5' }),
  kind: 'large_trade',
  averageQuantity: '0.5',
  multiple: 25,
  ...changes,
});

export const sampleAudit = (changes: Partial<Audit> = {}): Audit => ({
  kind: 'audit',
  ...market,
  minute: 1_763_712_300_000,
  revision: 0,
  firstId: '5300000001',
  lastId: '5300000042',
  trades: 42,
  backfilled: 2,
  volume: '1.25',
  value: '105000.5',
  hash: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  candleVolume: '1.25',
  candleTrades: 42,
  verdict: 'proven',
  reason: '',
  ...changes,
});

/** One record of every kind. */
export const sampleRecords: readonly FeedRecord[] = [
  sampleTrade(),
  sampleAggTrade(),
  samplePrice(),
  sampleBookTicker(),
  sampleKline(),
  sampleOrderBook(),
  sampleBookDelta(),
  sampleTradeStats(),
  sampleLargeTrade(),
  sampleStatus(),
  sampleGap(),
  sampleAudit(),
  sampleInstrument(),
  samplePosition(),
  sampleDeadLetter(),
];

/** One record of every kind, the status with a heartbeat: so they have all nested types of the schemas. */
export const fullRecords: readonly FeedRecord[] = sampleRecords.map((record) =>
  record.kind === 'status' ? sampleStatus({ heartbeat: sampleHeartbeat, line: 2 }) : record,
);
