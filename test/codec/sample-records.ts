import type {
  AggTrade,
  BookTicker,
  DeadLetter,
  FeedRecord,
  FeedStatus,
  Gap,
  Kline,
  Position,
  PriceTick,
  TradeEvent,
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
  tradeCount: 128,
  closed: false,
  ...changes,
});

export const sampleStatus = (changes: Partial<FeedStatus> = {}): FeedStatus => ({
  kind: 'status',
  sequence: 17,
  state: 'failed_over',
  reason: 'bybit: region blocked · 451',
  venue: 'bybit',
  coin: null,
  activeVenue: 'binance',
  instance: '7f3c',
  timestamp: 1_763_712_345_100,
  details: { from: 'bybit', to: 'binance' },
  environment: 'production',
  ...changes,
});

export const sampleGap = (changes: Partial<Gap> = {}): Gap => ({
  kind: 'gap',
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

/** One record of every kind. */
export const sampleRecords: readonly FeedRecord[] = [
  sampleTrade(),
  sampleAggTrade(),
  samplePrice(),
  sampleBookTicker(),
  sampleKline(),
  sampleStatus(),
  sampleGap(),
  samplePosition(),
  sampleDeadLetter(),
];
