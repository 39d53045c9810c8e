import { describe, expect, it } from 'vitest';
import type { VenueId } from '../../../src/domain/instrument.ts';
import { LargeTrades } from '../../../src/market/trades/large-trades.ts';
import { SimulatedMarket } from '../../../src/simulator/market/market.ts';
import { MarketClock } from '../../../src/simulator/market/market-clock.ts';
import { VENUE_SPECS } from '../../../src/simulator/venue-spec.ts';

interface Made {
  symbol: string;
  id: number;
  price: number;
  quantity: number;
  group: number;
  sell: boolean;
  /** Number of the order that made the trade. */
  order: number;
}

function market(venue: VenueId, options: { seed?: number; symbols?: number; rate?: number } = {}): SimulatedMarket {
  const spec = VENUE_SPECS.find(({ id }) => id === venue);
  if (spec === undefined) throw new Error(venue);
  return new SimulatedMarket({ spec, seed: 1, symbols: 20, rate: 1_000, startedAt: 0, ...options });
}

function trades(from: SimulatedMarket, slices: readonly number[]): Made[] {
  const made: Made[] = [];
  let order = 0;
  for (const [index, count] of slices.entries()) {
    from.advance(count, index, ({ symbol }, fills) => {
      for (const { id, price, quantity, group, sell } of fills)
        made.push({ symbol, id, price, quantity, group, sell, order });
      order++;
    });
  }
  return made;
}

function bySymbol(made: readonly Made[]): Made[][] {
  return [...Map.groupBy(made, ({ symbol }) => symbol).values()];
}

function pairs(list: readonly Made[]): [Made, Made][] {
  return list.slice(1).map((trade, i) => [list[i] as Made, trade]);
}

describe('SimulatedMarket', () => {
  it('has a 24 h range that contains the opening price, however long it runs', () => {
    for (const { candles } of market('bybit').instruments)
      for (let hour = 0; hour < 30; hour++) {
        const { open, high, low } = candles.day(hour * 3_600_000);
        expect([low <= open, open <= high]).toEqual([true, true]);
      }
  });

  it('makes the same trades from the same seed, independent of the slice length', () => {
    const one = trades(market('binance'), [3_000]);
    const other = trades(
      market('binance'),
      Array.from({ length: 300 }, () => 10),
    );
    const length = Math.min(one.length, other.length);
    expect(length).toBeGreaterThan(2_900);
    expect(other.slice(0, length)).toEqual(one.slice(0, length));
  });

  it('makes different trades from another seed and at another venue', () => {
    const one = trades(market('binance'), [500]).map(({ price }) => price);
    expect(trades(market('binance', { seed: 2 }), [500]).map(({ price }) => price)).not.toEqual(one);
    expect(trades(market('binance_us'), [500]).map(({ price }) => price)).not.toEqual(one);
  });

  it.each(['binance', 'binance_us', 'binance_testnet'] as const)(
    'numbers the trades and aggregated trades of each symbol without a gap at %s',
    (venue) => {
      const all = bySymbol(trades(market(venue), [20_000]));
      expect(all).toHaveLength(20);
      const wrong = all
        .flatMap((list) => pairs(list))
        .filter(([before, trade]) => {
          if (trade.id !== before.id + 1) return true;
          if (trade.group === before.group) return trade.price !== before.price || trade.order !== before.order;
          return trade.group !== before.group + 1 || (trade.order === before.order && trade.price === before.price);
        });
      expect(wrong).toEqual([]);
    },
  );

  it('numbers Bybit trades without gaps inside an order and with jumps between orders', () => {
    const all = bySymbol(trades(market('bybit'), [20_000]));
    const steps = all.flatMap((list) => pairs(list));
    const inside = steps.filter(([before, trade]) => trade.order === before.order);
    const between = steps.filter(([before, trade]) => trade.order !== before.order);
    expect(inside.filter(([before, trade]) => trade.id !== before.id + 1 || trade.group !== before.group)).toEqual([]);
    expect(between.filter(([before, trade]) => trade.id <= before.id || trade.group <= before.group)).toEqual([]);
    const jumps = between.filter(([before, trade]) => trade.id > before.id + 1).length;
    const fills = inside.length;
    expect(jumps).toBeGreaterThan(500);
    expect(fills).toBeGreaterThan(1_000);
  });

  it('starts the testnet with low trade ids', () => {
    expect(market('binance_testnet').instruments[0]?.nextTradeId).toBeLessThan(1_000_000);
  });

  it('trades each symbol at nearly the same price at all venues', () => {
    const markets = VENUE_SPECS.map(({ id }) => market(id));
    for (const one of markets) one.advance(20_000, 0, () => {});
    const [first, ...others] = markets;
    for (const instrument of first?.instruments ?? []) {
      for (const other of others) {
        const same = other.bySymbol.get(instrument.symbol);
        expect(Math.abs((same?.bestBid ?? 0) / instrument.bestBid - 1)).toBeLessThan(0.01);
      }
    }
  });

  it('never crosses its book, and fills an order at the best price of the opposite side', () => {
    const one = market('binance');
    let wrong = 0;
    one.advance(5_000, 0, ({ bestAsk, bestBid }, [first]) => {
      if (bestAsk <= bestBid || first?.price !== (first?.sell ? bestBid : bestAsk)) wrong++;
    });
    expect(wrong).toBe(0);
  });

  it('makes some orders of more than 100 trades, while most orders have one trade', () => {
    const made = trades(market('binance', { rate: 10_000 }), [50_000]);
    const orders = [...Map.groupBy(made, ({ order }) => order).values()].map(({ length }) => length);
    expect(Math.max(...orders)).toBeGreaterThan(100);
    expect(orders.filter((length) => length === 1).length / orders.length).toBeGreaterThan(0.6);
  });

  it('makes large trades of each busy coin a few times a minute, with sizes like those of a real market', () => {
    const minutes = 20;
    const rate = 100;
    const slices = Array.from({ length: minutes * 60 }, () => rate);
    const made = trades(market('bybit', { rate }), slices);
    const large = (of: readonly Made[]): number => {
      const found = new LargeTrades({ threshold: 10 });
      return of.filter(({ quantity }) => found.next({ quantity: String(quantity) }) !== undefined).length;
    };
    for (const symbol of ['BTCUSDT', 'ETHUSDT', 'SOLUSDT']) {
      const own = made.filter((trade) => trade.symbol === symbol);
      expect(large(own) / minutes, symbol).toBeGreaterThan(1);
      expect(large(own) / minutes, symbol).toBeLessThan(6);
      // Most trades are smaller than the mean, and a few have much of the volume.
      const sizes = own.map(({ quantity }) => quantity).sort((a, b) => b - a);
      const volume = sizes.reduce((sum, size) => sum + size, 0);
      const mean = volume / sizes.length;
      expect(sizes[sizes.length >> 1]).toBeLessThan(0.7 * mean);
      expect(sizes.slice(0, sizes.length / 100).reduce((sum, size) => sum + size, 0)).toBeGreaterThan(0.1 * volume);
    }
  });

  it('makes no trades while it is paused, and no trades of a paused symbol', () => {
    const one = market('binance');
    one.paused = true;
    expect(trades(one, [1_000])).toEqual([]);
    one.paused = false;
    one.pausedSymbols.add('BTCUSDT');
    const made = trades(one, [2_000]);
    expect(made.length).toBeGreaterThan(1_000);
    expect(made.some(({ symbol }) => symbol === 'BTCUSDT')).toBe(false);
  });

  it('creates as many distinct symbols as requested', () => {
    const { instruments } = market('bybit', { symbols: 2_000 });
    expect(new Set(instruments.map(({ symbol }) => symbol)).size).toBe(2_000);
    expect(instruments[20]?.symbol).toBe('X0001USDT');
  });
});

describe('MarketClock', () => {
  it('keeps the trade rate over slices of different lengths', () => {
    const one = market('binance', { rate: 50_000 });
    const clock = new MarketClock(one, 0, () => {});
    let now = 0;
    for (let i = 0; i < 2_000; i++) {
      now += i % 7 === 0 ? 13 : 1;
      clock.slice(now, now);
    }
    expect(Math.abs(one.made - (now * 50_000) / 1_000)).toBeLessThan(700);
  });

  it('catches up after a stall of 1.5 s, but skips most of a stall of 60 s', () => {
    const one = market('binance', { rate: 1_000 });
    const clock = new MarketClock(one, 0, () => {});
    clock.slice(1_500, 0);
    for (let i = 0; i < 100; i++) clock.slice(1_500, 0);
    expect(one.made).toBeGreaterThanOrEqual(1_490);
    clock.slice(61_500, 0);
    expect(clock.forgiven).toBeGreaterThan(57_000);
  });

  it('changes the trade rate from the moment of setRate()', () => {
    const one = market('binance', { rate: 1_000 });
    const clock = new MarketClock(one, 0, () => {});
    let now = 0;
    for (; now <= 1_000; now++) clock.slice(now, now);
    const before = one.made;
    clock.setRate(20_000, now);
    for (; now <= 2_000; now++) clock.slice(now, now);
    expect(Math.abs(before - 1_000)).toBeLessThan(110);
    expect(Math.abs(one.made - before - 20_000)).toBeLessThan(300);
  });
});
