import { describe, expect, it } from 'vitest';
import { DataQuality } from '../../../src/feed/liveness/data-quality.ts';
import { bookTicker } from '../../../testing/judges/events.ts';

const SECOND = 1_000_000;

describe('DataQuality', () => {
  it('counts valid and invalid messages by symbol', () => {
    const quality = new DataQuality('bybit');
    quality.valid(quality.of('BTCUSDT'), 5);
    quality.valid(quality.of('BTCUSDT'), 7);
    quality.invalid('BTCUSDT');
    quality.invalid(undefined);
    expect(quality.all(7)).toEqual([
      {
        venue: 'bybit',
        symbol: 'BTCUSDT',
        total: 3,
        valid: 2,
        invalid: 1,
        lastUpdateAt: 7,
        averageSpreadPct: null,
        invertedSpreads: 0,
        messagesPerSecond: 0,
        warnings: [],
      },
      expect.objectContaining({ symbol: null, total: 1, valid: 0, invalid: 1, lastUpdateAt: null, warnings: [] }),
    ]);
  });

  it('averages spreads in percent of the mid price, and counts inverted and zero spreads', () => {
    const quality = new DataQuality('binance');
    // Spreads of 1 % and 2 % of the mid price average 1.5 %.
    quality.spread(quality.of('BTCUSDT'), bookTicker(1, { bidPrice: '99.5', askPrice: '100.5' }));
    quality.spread(quality.of('BTCUSDT'), bookTicker(2, { bidPrice: '99', askPrice: '101' }));
    expect(quality.all(0)[0]).toMatchObject({ averageSpreadPct: 1.5, invertedSpreads: 0 });
    quality.spread(quality.of('BTCUSDT'), bookTicker(3, { bidPrice: '100', askPrice: '100' }));
    // As floats, these two prices are equal.
    quality.spread(quality.of('BTCUSDT'), bookTicker(4, { bidPrice: '0.300000000000000001', askPrice: '0.3' }));
    expect(quality.all(0)[0]).toMatchObject({ averageSpreadPct: 0.75, invertedSpreads: 2 });
  });

  it('takes no spread from a book ticker without a bid or an ask', () => {
    const quality = new DataQuality('binance');
    const count = quality.of('BTCUSDT');
    quality.spread(count, bookTicker(1, { bidPrice: '99.5', askPrice: '100.5' }));
    quality.spread(count, bookTicker(2, { bidPrice: null, bidQuantity: null }));
    quality.spread(count, bookTicker(3, { askPrice: null, askQuantity: null }));
    expect(quality.all(0)[0]).toMatchObject({ averageSpreadPct: 1, invertedSpreads: 0 });
  });

  it('warns above 100 invalid messages', () => {
    const quality = new DataQuality('binance');
    for (let count = 0; count < 100; count++) quality.invalid('BTCUSDT');
    expect([quality.all(0)[0]?.warnings, quality.poor()]).toEqual([[], []]);
    quality.invalid('BTCUSDT');
    expect([quality.all(0)[0]?.warnings, quality.poor()]).toEqual([['invalid'], ['BTCUSDT']]);
  });

  it('warns when no valid message came for more than 30 s', () => {
    const quality = new DataQuality('binance');
    quality.valid(quality.of('BTCUSDT'), SECOND);
    expect(quality.all(31 * SECOND)[0]?.warnings).toEqual([]);
    expect(quality.all(31 * SECOND + 1)[0]?.warnings).toEqual(['stale']);
    quality.valid(quality.of('BTCUSDT'), 31 * SECOND);
    expect(quality.all(32 * SECOND)[0]?.warnings).toEqual([]);
  });

  it('reports nothing about a symbol that is no longer followed', () => {
    const quality = new DataQuality('binance');
    quality.valid(quality.of('BTCUSDT'), SECOND);
    quality.valid(quality.of('ETHUSDT'), SECOND);
    quality.remove('BTCUSDT');
    expect(quality.all(40 * SECOND)).toMatchObject([{ symbol: 'ETHUSDT' }]);
  });

  it('reports the rate of the last five seconds', () => {
    const quality = new DataQuality('binance');
    for (let second = 1; second <= 20; second++) {
      for (let count = 0; count < second; count++) quality.valid(quality.of('BTCUSDT'), second * SECOND);
      quality.sampleRates();
    }
    expect(quality.all(20 * SECOND)[0]?.messagesPerSecond).toBe((16 + 17 + 18 + 19 + 20) / 5);
  });
});
