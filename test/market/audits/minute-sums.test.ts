import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditedTrade, MinuteSums } from '../../../src/market/audits/minute-sums.ts';
import { Fraction } from '../fraction.ts';
import { anyTrades } from '../trades/any-trades.ts';

function sumsOf(trades: readonly AuditedTrade[]): MinuteSums {
  const sums = new MinuteSums();
  for (const trade of trades) sums.add(trade);
  return sums;
}

function tradeOf(change: Partial<AuditedTrade>): AuditedTrade {
  return {
    tradeId: '2290000000123456789',
    lastTradeId: null,
    price: '61837.63',
    quantity: '0.02',
    isBuyerMaker: true,
    timestamp: 1_760_000_000_123,
    conditions: [],
    source: 'live',
    ...change,
  };
}

/** As `Audit.hash` is defined, with a single text. */
function hashOf(trades: readonly AuditedTrade[]): string {
  const lines = trades.map(({ tradeId, price, quantity, isBuyerMaker, timestamp }) =>
    [tradeId, price, quantity, isBuyerMaker ? 'sell' : 'buy', timestamp].join(','),
  );
  return createHash('sha256')
    .update(lines.map((line) => `${line}\n`).join(''))
    .digest('hex');
}

describe('MinuteSums', () => {
  it('has empty figures without a trade', () => {
    expect(new MinuteSums().figures()).toEqual({
      firstId: '',
      lastId: '',
      trades: 0,
      backfilled: 0,
      volume: '0',
      value: '0',
      // echo -n '' | sha256sum
      hash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    });
  });

  it('has the figures of two trades as calculated by hand', () => {
    const sums = sumsOf([
      tradeOf({}),
      tradeOf({ tradeId: '7', lastTradeId: '9', price: '2', quantity: '1.5', isBuyerMaker: false, source: 'backfill' }),
    ]);
    expect(sums.figures()).toEqual({
      firstId: '2290000000123456789',
      lastId: '9',
      trades: 2,
      backfilled: 1,
      volume: '1.52',
      value: '1239.7526', // 1236.7526 + 3
      // printf '2290000000123456789,61837.63,0.02,sell,1760000000123\n7,2,1.5,buy,1760000000123\n' | sha256sum
      hash: '34aba15ad2372f55c359865511a85b4249dcea34f06579fd7d1ff91b453ffec9',
    });
    expect(sums.expectedCandle()).toEqual({ volume: '1.52', trades: 4 });
  });

  it('counts block trades, but does not expect them in the candle', () => {
    const sums = sumsOf([tradeOf({ quantity: '3', conditions: ['block'] }), tradeOf({ quantity: '0.5' })]);
    expect(sums.figures()).toMatchObject({ trades: 2, volume: '3.5' });
    expect(sums.expectedCandle()).toEqual({ volume: '0.5', trades: 1 });
  });

  it('hashes lines of any length, also after the figures were read', () => {
    const long = tradeOf({ tradeId: '9'.repeat(39), price: `${'9'.repeat(20)}.${'9'.repeat(18)}`, timestamp: 1000 });
    const trades = Array.from({ length: 200 }, (_, index) => ({
      ...long,
      quantity: long.price.slice(0, 1 + (index % 40)).replace(/\.$/, ''),
    }));
    const sums = sumsOf(trades.slice(0, 90));
    expect(sums.figures().hash).toBe(hashOf(trades.slice(0, 90)));
    for (const trade of trades.slice(90)) sums.add(trade);
    expect(sums.figures().hash).toBe(hashOf(trades));
  });

  it('agrees with plain arithmetic for any trades', () => {
    fc.assert(
      fc.property(anyTrades(), (trades) => {
        const quantities = trades.map(({ quantity }) => Fraction.of(quantity));
        const values = trades.map(({ price, quantity }) => Fraction.of(price).times(Fraction.of(quantity)));
        expect(sumsOf(trades).figures()).toEqual({
          firstId: trades.at(0)?.tradeId ?? '',
          lastId: trades.at(-1)?.tradeId ?? '',
          trades: trades.length,
          backfilled: 0,
          volume: Fraction.sum(quantities).toDecimal(),
          value: Fraction.sum(values).toDecimal(),
          hash: hashOf(trades),
        });
      }),
      { numRuns: 300 },
    );
  });
});
