import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromUnscaled, unscaled } from '../../../src/domain/decimal.ts';
import { volumeProfile } from '../../../src/market/trades/volume-profile.ts';
import { halfEven } from '../naive-figures.ts';
import { anyTrades, tradeOf } from './any-trades.ts';

/**
 * Returns a profile with one trade in each bin. The bins begin at 100 and are 1 wide. The last trade is at the upper
 * bound of the last bin, which includes this bound.
 */
function profileOfVolumes(...volumes: readonly number[]) {
  const last = volumes.length - 1;
  const trades = volumes.map((volume, bin) => tradeOf(['buy', `${100 + (bin === last ? bin + 1 : bin)}`, `${volume}`]));
  return volumeProfile(trades, volumes.length);
}

describe('volumeProfile', () => {
  it('is undefined without trades', () => {
    expect(volumeProfile([])).toBeUndefined();
  });

  it('matches a calculation by hand for five trades in four bins', () => {
    const profile = volumeProfile(
      [
        tradeOf(['buy', '100', '1']), // [100, 100.5)
        tradeOf(['sell', '100.49', '2']),
        tradeOf(['sell', '100.5', '4']), // [100.5, 101)
        tradeOf(['buy', '101.4', '8.5']), // [101, 101.5)
        tradeOf(['sell', '102', '0.5']), // [101.5, 102], the upper bound too
      ],
      4,
    );
    const control = { low: '101', high: '101.5', volume: '8.5', buyVolume: '8.5', sellVolume: '0', trades: 1 };
    expect(profile).toEqual({
      bins: [
        { low: '100', high: '100.5', volume: '3', buyVolume: '1', sellVolume: '2', trades: 2 },
        { low: '100.5', high: '101', volume: '4', buyVolume: '0', sellVolume: '4', trades: 1 },
        control,
        { low: '101.5', high: '102', volume: '0.5', buyVolume: '0', sellVolume: '0.5', trades: 1 },
      ],
      volume: '16',
      trades: 5,
      pointOfControl: control,
      // 8.5 of 16 is 53 %. With the 4 of the bin below, it is 12.5 of 16, which is 78 %.
      valueArea: { low: '100.5', high: '101.5', volume: '12.5', share: 12.5 / 16 },
    });
  });

  it('has 50 bins by default', () => {
    const profile = volumeProfile([tradeOf(['buy', '1', '1']), tradeOf(['buy', '2', '1'])]);
    expect(profile?.bins).toHaveLength(50);
    expect(profile?.bins[1]).toMatchObject({ low: '1.02', high: '1.04', volume: '0' });
  });

  it('is one bin of zero width when all prices are equal', () => {
    const profile = volumeProfile([tradeOf(['buy', '5', '1']), tradeOf(['sell', '5', '2'])]);
    const bin = { low: '5', high: '5', volume: '3', buyVolume: '1', sellVolume: '2', trades: 2 };
    expect(profile?.bins).toEqual([bin]);
    expect(profile?.valueArea).toEqual({ low: '5', high: '5', volume: '3', share: 1 });
  });

  it('rounds bin bounds at 18 decimal places when three bins do not divide the range', () => {
    const profile = volumeProfile([tradeOf(['buy', '1', '1']), tradeOf(['buy', '2', '1'])], 3);
    expect(profile?.bins.map(({ high }) => high)).toEqual(['1.333333333333333333', '1.666666666666666667', '2']);
  });

  it.each([
    ['the neighbour with more volume first', [10, 1, 60, 5, 24], '102', '105'],
    ['up when both neighbours have the same volume', [1, 20, 50, 20, 9], '102', '104'],
    ['no further than exactly 70 %', [30, 70], '101', '102'],
    ['down when no bin is left above', [20, 20, 60], '101', '103'],
    ['up when no bin is left below', [60, 20, 20], '100', '102'],
    ['over two equal bins to 70 %', [35, 35, 30], '100', '102'],
  ])('the value area grows %s', (_, volumes, low, high) => {
    expect(profileOfVolumes(...volumes)?.valueArea).toMatchObject({ low, high });
  });

  it('the point of control is the lowest of equal bins', () => {
    expect(profileOfVolumes(7, 40, 1, 40)?.pointOfControl.low).toBe('101');
  });

  it('assigns a price to the correct bin when doubles would round it into another', () => {
    // In doubles (0.7 − 0.1) / (0.8 − 0.1) × 7 is 5.999…; in decimals 6, the start of the last bin.
    const profile = volumeProfile(
      [tradeOf(['buy', '0.1', '1']), tradeOf(['buy', '0.7', '5']), tradeOf(['buy', '0.8', '1'])],
      7,
    );
    expect(profile?.bins[6]?.volume).toBe('6');
  });

  it('agrees with naive arithmetic for any decimals', () => {
    fc.assert(
      fc.property(
        anyTrades().filter(({ length }) => length > 0),
        fc.integer({ min: 1, max: 60 }),
        (trades, bins) => {
          const profile = volumeProfile(trades, bins);
          const prices = trades.map(({ price }) => unscaled(price));
          const low = prices.reduce((a, b) => (a < b ? a : b));
          const high = prices.reduce((a, b) => (a > b ? a : b));
          const count = low === high ? 1 : bins;
          for (const [index, bin] of (profile?.bins ?? []).entries()) {
            const at = BigInt(index);
            const all = BigInt(count);
            const inside = trades.filter((_, trade) => {
              const above = ((prices[trade] as bigint) - low) * all;
              const last = index === count - 1;
              return above >= at * (high - low) && (last || above < (at + 1n) * (high - low));
            });
            const sum = (list: typeof trades): string =>
              fromUnscaled(list.reduce((total, { quantity }) => total + unscaled(quantity), 0n));
            expect(bin).toEqual({
              low: fromUnscaled(low + halfEven(at * (high - low), all)),
              high: fromUnscaled(low + halfEven((at + 1n) * (high - low), all)),
              volume: sum(inside),
              buyVolume: sum(inside.filter(({ isBuyerMaker }) => !isBuyerMaker)),
              sellVolume: sum(inside.filter(({ isBuyerMaker }) => isBuyerMaker)),
              trades: inside.length,
            });
          }
          const volumes = profile?.bins.map(({ volume }) => unscaled(volume)) ?? [];
          expect(profile?.bins).toHaveLength(count);
          expect(unscaled(profile?.pointOfControl.volume ?? '0')).toBe(volumes.reduce((a, b) => (a > b ? a : b)));
          expect(profile?.valueArea.share).toBeGreaterThanOrEqual(0.7);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses a number of bins that is no whole number above 0', () => {
    for (const bins of [0, -1, 2.5, Number.NaN]) {
      expect(() => volumeProfile([tradeOf(['buy', '1', '1'])], bins)).toThrow(RangeError);
    }
  });
});
