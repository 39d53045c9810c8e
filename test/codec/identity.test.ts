import { describe, expect, it } from 'vitest';
import { identityOf } from '../../src/codec/identity.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import {
  sampleAggTrade,
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

describe('identityOf', () => {
  it('differs between kinds of records', () => {
    expect(new Set(sampleRecords.map(identityOf)).size).toBe(sampleRecords.length);
    expect(identityOf(sampleTrade())).toBe('["TradeEvent","bybit","BTCUSDT","2290000000123456789",1763712345100]');
  });

  it.each<[string, FeedRecord, FeedRecord]>([
    ['a trade received twice', sampleTrade(), sampleTrade({ receivedAt: 1, source: 'backfill', epoch: 9 })],
    ['a candle received twice', sampleKline(), sampleKline({ receivedAt: 1 })],
    ['a book ticker received twice', sampleBookTicker(), sampleBookTicker({ receivedAt: 1, timestamp: 5 })],
    [
      'a dead letter with the same payload',
      sampleDeadLetter(),
      sampleDeadLetter({ payload: Buffer.from('{"p":"NaN"}') }),
    ],
  ])('is equal for %s', (_, a, b) => {
    expect(identityOf(a)).toBe(identityOf(b));
  });

  it.each<[string, FeedRecord, FeedRecord]>([
    ['a trade id that started again', sampleTrade(), sampleTrade({ timestamp: 5 })],
    ['an aggregated trade of another symbol', sampleAggTrade(), sampleAggTrade({ symbol: 'ETHUSDT' })],
    ['a price of another epoch', samplePrice(), samplePrice({ epoch: 4 })],
    ['a later state of a candle', sampleKline(), sampleKline({ timestamp: 1_763_712_345_101 })],
    ['an id that is null and the text null', sampleGap({ toId: null }), sampleGap({ toId: 'null' })],
    ['a later position of the same epoch', samplePosition(), samplePosition({ tradeId: '1' })],
    ['the next status', sampleStatus(), sampleStatus({ sequence: 18 })],
    ['another payload', sampleDeadLetter(), sampleDeadLetter({ payload: Buffer.from('{"p":"NaN" }') })],
  ])('differs for %s', (_, a, b) => {
    expect(identityOf(a)).not.toBe(identityOf(b));
  });
});
