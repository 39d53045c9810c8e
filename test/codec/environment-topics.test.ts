import { describe, expect, it } from 'vitest';
import { environmentPrefix, messageKeyOf, topicNameOf } from '../../src/codec/environment-topics.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import {
  sampleBookTicker,
  sampleDeadLetter,
  sampleGap,
  sampleKline,
  samplePosition,
  samplePrice,
  sampleRecords,
  sampleStatus,
  sampleTrade,
} from '../../testing/records/sample-records.ts';

describe('topicNameOf', () => {
  it('returns the topic name without a prefix for production', () => {
    expect(sampleRecords.map((record) => topicNameOf(record, false))).toEqual([
      'trades',
      'agg-trades',
      'prices',
      'book-tickers',
      'klines',
      'order-books',
      'book-deltas',
      'trade-stats',
      'large-trades',
      'feed-status',
      'gaps',
      'audits',
      'instruments',
      'positions',
      'dead-letters',
    ]);
  });

  it('prefixes the topic with the environment of the record outside production', () => {
    expect(topicNameOf(sampleTrade({ environment: 'testnet' }), false)).toBe('testnet.trades');
    expect(topicNameOf(samplePrice({ environment: 'simulated' }), false)).toBe('simulated.prices');
    expect(topicNameOf(sampleGap({ environment: 'replay' }), false)).toBe('replay.gaps');
    expect(topicNameOf(sampleStatus({ environment: 'simulated' }), false)).toBe('simulated.feed-status');
  });

  it('uses the production topics for test data if that is allowed', () => {
    expect(topicNameOf(sampleTrade({ environment: 'testnet' }), true)).toBe('trades');
    expect(environmentPrefix('replay', true)).toBe('');
    expect(environmentPrefix('replay', false)).toBe('replay.');
  });
});

describe('messageKeyOf', () => {
  it.each<[string, string, FeedRecord]>([
    ['BTCUSDT', 'bybit:BTCUSDT', sampleTrade()],
    ['BTCUSDT', 'bybit:BTCUSDT', samplePrice()],
    ['ETHUSDT', 'bybit:ETHUSDT', sampleKline({ symbol: 'ETHUSDT', venueSymbol: 'ETHUSDT' })],
    ['BTCUSDT', 'binance:BTCUSDT', sampleBookTicker({ venue: 'binance' })],
    ['binance:BTCUSDT', 'binance:BTCUSDT', sampleGap()],
    ['binance:BTCUSDT', 'binance:BTCUSDT', samplePosition()],
    ['binance_us', 'binance_us', sampleDeadLetter()],
    ['feed', 'feed', sampleStatus({ venue: null })],
    ['bybit', 'bybit', sampleStatus({ venue: 'bybit', symbol: null, coin: null })],
    ['binance:BTCUSDT', 'binance:BTCUSDT', sampleStatus()],
  ])('returns %s in mode failover and %s in mode all', (failover, all, record) => {
    expect(messageKeyOf(record, 'failover')).toBe(failover);
    expect(messageKeyOf(record, 'all')).toBe(all);
  });
});
