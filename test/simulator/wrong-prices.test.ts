import { describe, expect, it } from 'vitest';
import { BasisNoise } from '../../src/simulator/market/basis-noise.ts';
import { VirtualVenue } from './virtual-venue.ts';

type Levels = readonly (readonly [price: string, quantity: string])[];

interface Bybit {
  readonly topic?: string;
  readonly data?: readonly { readonly p: string }[] | { readonly b: Levels; readonly a: Levels };
}

const mid = (bid: string | undefined, ask: string | undefined) => (Number(bid) + Number(ask)) / 2;

/** The price of the last trade, and the mids of the best prices, of the whole book's best levels and of REST. */
const PRICES: Readonly<Record<'bybit' | 'binance', (venue: VirtualVenue) => () => readonly number[]>> = {
  binance: (venue) => {
    const line = venue.open('/ws/btcusdt@trade/btcusdt@bookTicker');
    return () => {
      const messages = line.take<{ e?: string; p: string; b: string; a: string }>();
      const trade = messages.findLast(({ e }) => e === 'trade');
      const best = messages.findLast(({ e }) => e === undefined);
      const { bids, asks } = venue.rest('/api/v3/depth?symbol=BTCUSDT&limit=5').body as { bids: Levels; asks: Levels };
      return [Number(trade?.p), mid(best?.b, best?.a), mid(bids[0]?.[0], asks[0]?.[0])];
    };
  },
  bybit: (venue) => {
    const line = venue.open();
    line.send({ op: 'subscribe', args: ['publicTrade.BTCUSDT', 'orderbook.1.BTCUSDT', 'orderbook.50.BTCUSDT'] });
    return () => {
      const messages = line.take<Bybit>();
      const ofTopic = (name: string) => messages.findLast(({ topic }) => topic === `${name}.BTCUSDT`)?.data;
      const [trades, best] = [ofTopic('publicTrade'), ofTopic('orderbook.1')];
      const answer = venue.rest('/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=50').body as {
        result: { b: Levels; a: Levels };
      };
      const { b, a } = answer.result;
      const ticker = best !== undefined && 'b' in best ? mid(best.b[0]?.[0], best.a[0]?.[0]) : Number.NaN;
      return [Number(Array.isArray(trades) ? trades.at(-1)?.p : Number.NaN), ticker, mid(b[0]?.[0], a[0]?.[0])];
    };
  },
};

describe.each(['bybit', 'binance'] as const)('the fault wrong_prices at %s', (id) => {
  it.each([120, -5000])('shifts trades, best prices and book by %d bps, until it ends', (bps) => {
    const venue = new VirtualVenue(id);
    const prices = PRICES[id](venue);
    venue.run(1000);
    const before = prices();
    venue.fault({ fault: 'wrong_prices', symbol: 'BTCUSDT', bps, seconds: 2 });
    venue.run(1000);
    const during = prices();
    venue.run(2000);
    const after = prices();
    for (const [at, price] of before.entries()) {
      const shift = (later: number | undefined) => ((later ?? 0) / price - 1) * 10_000;
      expect(Math.abs(shift(during[at]) - bps)).toBeLessThan(15);
      expect(Math.abs(shift(after[at]))).toBeLessThan(15);
    }
  });

  it('needs bps', () => {
    const venue = new VirtualVenue(id);
    expect(() => venue.fault({ fault: 'wrong_prices' })).toThrow('bps is missing; wrong_prices needs one');
  });
});

it('BasisNoise has the wanted deviation, changes slowly, and does not depend on how often it is asked', () => {
  const noise = new BasisNoise(1, 20);
  const often = new BasisNoise(1, 20);
  const bps: number[] = [];
  for (let second = 0; second < 50_000; second++) {
    if (second < 1000) often.factorAt(second - 0.5);
    bps.push((noise.factorAt(second) - 1) * 10_000);
    if (second < 1000) expect(often.factorAt(second)).toBe(1 + (bps[second] ?? 0) / 10_000);
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.abs(mean(bps))).toBeLessThan(1);
  expect(Math.sqrt(mean(bps.map((value) => value ** 2)))).toBeCloseTo(20, -1);
  const steps = bps.slice(1).map((value, at) => Math.abs(value - (bps[at] ?? 0)));
  expect(mean(steps)).toBeLessThan(6);
});
