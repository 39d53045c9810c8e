import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Volatility } from '../../../src/market/trades/volatility.ts';

const MINUTE = 60_000;
const START = 1_760_000_040_000;

/** The closing prices of one minute each, from START. */
function closes(...prices: readonly (string | undefined)[]): Volatility {
  const volatility = new Volatility();
  for (const [minute, price] of prices.entries()) {
    if (price !== undefined) volatility.add(price, START + minute * MINUTE + 59_999);
  }
  return volatility;
}

const alternating = (count: number): string[] =>
  Array.from({ length: count }, (_, minute) => (minute % 2 === 0 ? '100' : '101'));

describe('Volatility', () => {
  it('is null until 30 candles are closed', () => {
    const volatility = closes(...alternating(30));
    expect(volatility.at(START + 30 * MINUTE - 1)).toBeNull();
    expect(volatility.at(START + 30 * MINUTE)).not.toBeNull();
    expect(new Volatility().at(START)).toBeNull();
  });

  it('matches a calculation by hand for 30 closes that alternate by 1 %', () => {
    // 29 returns, 15 of r = ln 1.01 and 14 of −r: mean r/29, sum of squares 29r² − r²/29 = r²·840/29, over 28.
    const expected = Math.log(1.01) * Math.sqrt(840 / 29 / 28);
    expect(closes(...alternating(30)).at(START + 30 * MINUTE)).toBeCloseTo(expected, 15);
  });

  it('is 0 when the price does not change', () => {
    expect(closes(...Array<string>(30).fill('61837.63')).at(START + 30 * MINUTE)).toBe(0);
  });

  it('carries the last close over minutes without trades', () => {
    const quiet: (string | undefined)[] = ['100', ...Array<undefined>(28).fill(undefined), '110'];
    // One return of ln 1.1 among 29.
    const r = Math.log(1.1);
    const expected = Math.sqrt((r ** 2 - r ** 2 / 29) / 28);
    const volatility = closes(...quiet);
    expect(volatility.at(START + 30 * MINUTE)).toBeCloseTo(expected, 15);
    expect(volatility.at(START + 58 * MINUTE)).toBeCloseTo(expected, 15);
    expect(volatility.at(START + 59 * MINUTE)).toBe(0);
    expect(volatility.at(START + 5000 * MINUTE)).toBe(0);
  });

  it('uses the last close before several days without trades', () => {
    const volatility = closes('100');
    volatility.add('110', START + 5000 * MINUTE);
    const r = Math.log(1.1);
    const expected = Math.sqrt((r ** 2 - r ** 2 / 29) / 28);
    expect(volatility.at(START + 5001 * MINUTE)).toBeCloseTo(expected, 15);
  });

  it('ignores the open candle, and uses the last trade of a minute as its close', () => {
    const volatility = closes(...alternating(30));
    const before = volatility.at(START + 30 * MINUTE);
    volatility.add('500', START + 30 * MINUTE);
    expect(volatility.at(START + 30 * MINUTE + 30_000)).toBe(before);
    volatility.add('77', START + 29 * MINUTE + 1);
    expect(volatility.at(START + 30 * MINUTE)).toBe(before);
    volatility.add('77', START + 29 * MINUTE + 59_999);
    expect(volatility.at(START + 30 * MINUTE)).not.toBe(before);
  });

  it('depends on timestamps, not on the order of arrival', () => {
    const trade = fc.record({ price: fc.integer({ min: 1, max: 10_000 }).map(String), second: fc.nat(40 * 60) });
    const trades = fc.uniqueArray(trade, { minLength: 20, maxLength: 200, selector: ({ second }) => second });
    fc.assert(
      fc.property(trades, (shuffled) => {
        const ordered = shuffled.toSorted((a, b) => a.second - b.second);
        const [first, second] = [shuffled, ordered].map((list) => {
          const volatility = new Volatility();
          for (const { price, second: at } of list) volatility.add(price, START + at * 1000);
          return volatility.at(START + 41 * MINUTE);
        });
        expect(first).toBe(second);
      }),
    );
  });

  it('agrees with naive arithmetic', () => {
    const prices = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 30, maxLength: 90 });
    fc.assert(
      fc.property(prices, (list) => {
        const last = list.slice(-30).map(Math.log);
        const returns = last.slice(1).map((price, index) => price - (last[index] as number));
        const mean = returns.reduce((sum, each) => sum + each) / 29;
        const variance = returns.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 28;
        const actual = closes(...list.map(String)).at(START + list.length * MINUTE);
        expect(actual).toBeCloseTo(Math.sqrt(variance), 10);
      }),
    );
  });
});
