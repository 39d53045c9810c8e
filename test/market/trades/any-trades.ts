import fc from 'fast-check';
import { type Decimal, fromUnscaled } from '../../../src/domain/decimal.ts';
import type { TradeEvent } from '../../../src/domain/record.ts';

/** Positive decimals: mostly as venues send them, sometimes with up to 20 digits before the point and 18 after it. */
const decimals: fc.Arbitrary<Decimal> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 9_999_999 }), fc.integer({ min: 0, max: 8 })).map(scaled),
  },
  { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 2 })).map(scaled) },
  { weight: 1, arbitrary: fc.bigInt({ min: 1n, max: 10n ** 38n - 1n }).map(fromUnscaled) },
);

function scaled([digits, places]: [number, number]): Decimal {
  return fromUnscaled(BigInt(digits) * 10n ** BigInt(18 - places));
}

export type AnyTrade = Pick<
  TradeEvent,
  'price' | 'quantity' | 'isBuyerMaker' | 'timestamp' | 'tradeId' | 'lastTradeId' | 'conditions' | 'source'
>;

/** Trades with contiguous ids, in the order of their timestamps. */
export function anyTrades(maxLength = 60): fc.Arbitrary<readonly AnyTrade[]> {
  const step = fc.record({
    price: decimals,
    quantity: decimals,
    isBuyerMaker: fc.boolean(),
    waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40_000 })),
  });
  return fc.array(step, { maxLength }).map((steps) => {
    let timestamp = 1_760_000_000_000;
    return steps.map(({ waitMs, ...trade }, index) => {
      timestamp += waitMs;
      return { ...trade, timestamp, tradeId: `${index + 1}`, lastTradeId: null, conditions: [], source: 'live' };
    });
  });
}

/** Makes a trade from its side, price, quantity and time: `['buy', '100', '2', 0]`. */
export function tradeOf([side, price, quantity, timestamp = 0]: readonly [
  side: 'buy' | 'sell',
  price: Decimal,
  quantity: Decimal,
  timestamp?: number,
]): AnyTrade {
  const isBuyerMaker = side === 'sell';
  return {
    price,
    quantity,
    isBuyerMaker,
    timestamp,
    tradeId: '1',
    lastTradeId: null,
    conditions: [],
    source: 'live',
  };
}
