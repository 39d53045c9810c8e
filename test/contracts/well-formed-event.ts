import { expect } from 'vitest';
import { canonicalDecimal, isNotNegative, isPositive } from '../../src/domain/decimal.ts';
import { KLINE_INTERVALS } from '../../src/domain/instrument.ts';
import type { MarketEvent } from '../../src/domain/market-event.ts';
import { isTradeId } from '../../src/domain/trade-id.ts';
import type { DecoderContext } from '../../src/venues/contract.ts';

/** Expects every field of the event to have the type and form of its record. */
export function expectWellFormed(event: MarketEvent, context: DecoderContext): void {
  const instrument = context.instruments.get(event.venueSymbol);
  expect(instrument).toBeDefined();
  expect([event.symbol, event.coin]).toEqual([instrument?.symbol, instrument?.coin]);
  expect([event.environment, event.epoch]).toEqual([context.environment, 0]);
  switch (event.kind) {
    case 'agg_trade':
    case 'trade':
      expectDecimals(isPositive, event.price, event.quantity);
      expectTimes(event.timestamp, event.eventTime);
      expectIds(event.tradeId, event.lastTradeId);
      expect(typeof event.isBuyerMaker).toBe('boolean');
      expect(event.source).toBe('live');
      expect(['block', 'rpi', 'aggregated']).toEqual(expect.arrayContaining([...event.conditions]));
      return;
    case 'book_ticker':
      expectDecimals(isPositive, event.bidPrice, event.bidQuantity, event.askPrice, event.askQuantity);
      expect(event.bidPrice === null).toBe(event.bidQuantity === null);
      expect(event.askPrice === null).toBe(event.askQuantity === null);
      expectTimes(event.timestamp);
      expectIds(event.updateId);
      return;
    case 'book_update': {
      expectIds(event.firstUpdateId, event.lastUpdateId);
      expectTimes(event.timestamp);
      for (const { price, quantity } of [...event.bids, ...event.asks]) {
        expectDecimals(isPositive, price);
        expectDecimals(event.snapshot ? isPositive : isNotNegative, quantity);
      }
      return;
    }
    case 'ticker':
      expectDecimals(isPositive, event.price);
      expectDecimals(isNotNegative, event.volume24h, event.quoteVolume24h);
      expectDecimals(isPositive, event.open24h, event.high24h, event.low24h, event.vwap24h);
      expectDecimals(() => true, event.change24h);
      expect(event.tradeCount24h === null || Number.isSafeInteger(event.tradeCount24h)).toBe(true);
      expectTimes(event.timestamp);
      return;
    case 'kline':
      expectDecimals(isPositive, event.open, event.high, event.low, event.close);
      expectDecimals(isNotNegative, event.volume, event.quoteVolume, event.takerBuyVolume, event.takerBuyQuoteVolume);
      expectTimes(event.timestamp, event.openTime, event.closeTime);
      expect(event.openTime).toBeLessThan(event.closeTime);
      expect(KLINE_INTERVALS).toContain(event.interval);
      expect(typeof event.closed).toBe('boolean');
      expect(event.tradeCount === null || Number.isSafeInteger(event.tradeCount)).toBe(true);
      return;
  }
}

function expectDecimals(allowed: (decimal: string) => boolean, ...decimals: readonly (string | null)[]): void {
  for (const decimal of decimals) {
    if (decimal === null) continue;
    expect(canonicalDecimal(decimal)).toBe(decimal);
    expect(allowed(decimal)).toBe(true);
  }
}

function expectTimes(...times: readonly (number | null)[]): void {
  for (const time of times) expect(time === null || (Number.isSafeInteger(time) && time > 0 && time < 1e14)).toBe(true);
}

function expectIds(...ids: readonly (string | null)[]): void {
  for (const id of ids) expect(id === null || isTradeId(id)).toBe(true);
}
