import { describe, expect, it } from 'vitest';
import { PriceTicks } from '../../src/market/price-ticks.ts';
import { ticker, tradeEvent } from '../../testing/judges/events.ts';

describe('PriceTicks', () => {
  it('makes a tick of every trade and ticker, with the last known 24-hour figures of its venue', () => {
    const ticks = new PriceTicks();
    expect(ticks.tick(tradeEvent(1), 1)).toMatchObject({
      kind: 'price',
      price: '61837.63',
      volume24h: null,
      quoteVolume24h: null,
      change24h: null,
      epoch: 1,
    });
    const figures = ticker({ timestamp: 1_723_161_255_400 });
    ticks.learn(figures);
    expect(ticks.tick(figures, 1)).toMatchObject({
      price: '61840',
      volume24h: '1000',
      change24h: '-1.5',
      open24h: '62781.72',
      high24h: '63000',
      low24h: '61500',
      vwap24h: '61840',
      tradeCount24h: 5000,
    });
    expect(ticks.tick(tradeEvent(2, { timestamp: 1_723_161_255_401 }), 1)).toMatchObject({
      price: '61837.63',
      volume24h: '1000',
    });
    expect(ticks.tick(tradeEvent(3, { venue: 'bybit', timestamp: 1_723_161_255_402 }), 2)).toMatchObject({
      volume24h: null,
    });
  });

  it('keeps the average and the trade count when a mini ticker without them follows', () => {
    const ticks = new PriceTicks();
    ticks.learn(ticker({ timestamp: 1 }));
    const mini = ticker({ timestamp: 2, volume24h: '1001', vwap24h: null, tradeCount24h: null });
    ticks.learn(mini);
    expect(ticks.tick(mini, 1)).toMatchObject({ volume24h: '1001', vwap24h: '61840', tradeCount24h: 5000 });
  });

  it('skips a tick older than the last one of its epoch, and accepts it in a new epoch', () => {
    const ticks = new PriceTicks();
    ticks.tick(tradeEvent(1, { timestamp: 100 }), 1);
    expect(ticks.tick(tradeEvent(2, { timestamp: 99 }), 1)).toBeUndefined();
    expect(ticks.tick(tradeEvent(3, { timestamp: 100 }), 1)).toBeDefined();
    expect(ticks.tick(tradeEvent(4, { timestamp: 50 }), 2)).toBeDefined();
  });

  it('makes no tick of backfilled trades and block trades', () => {
    const ticks = new PriceTicks();
    expect(ticks.tick(tradeEvent(1, { source: 'backfill' }), 1)).toBeUndefined();
    expect(ticks.tick(tradeEvent(2, { conditions: ['block'] }), 1)).toBeUndefined();
    expect(ticks.tick(tradeEvent(3, { conditions: ['rpi'] }), 1)).toBeDefined();
  });
});
