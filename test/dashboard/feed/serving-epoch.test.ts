import { expect, it } from 'vitest';
import { isOfEpoch, mayBeShown } from '../../../dashboard/feed/serving-epoch.ts';

const at = (venue: string | null, epoch: number) => ({ venue, epoch });

it('isOfEpoch is false for data of another venue or another epoch', () => {
  expect(isOfEpoch(at('bybit', 1), at('binance', 2))).toBe(false);
  expect(isOfEpoch(at('binance', 2), at('binance', 2))).toBe(true);
  // The feed has restarted, so its epochs began again at 1.
  expect(isOfEpoch(at('bybit', 7), at('bybit', 1))).toBe(false);
  // In mode all, each venue has its own series.
  expect(isOfEpoch(at('binance', 0), at('bybit', 0))).toBe(false);
});

it('mayBeShown hides late data of a previous epoch, and shows early data of the next', () => {
  expect(mayBeShown(at('bybit', 1), at('binance', 2))).toBe(false);
  expect(mayBeShown(at('binance', 2), at('bybit', 1))).toBe(true);
  expect(mayBeShown(at('bybit', 1), at('bybit', 1))).toBe(true);
  expect(mayBeShown(at('bybit', 1), undefined)).toBe(true);
});

it('mayBeShown shows only data of the venue of the row if there are no epochs', () => {
  expect(mayBeShown(at('binance', 0), at('bybit', 0))).toBe(false);
  expect(mayBeShown(at('bybit', 0), at('bybit', 0))).toBe(true);
  expect(mayBeShown(at('bybit', 0), at(null, 0))).toBe(true);
});
