import { expect, it } from 'vitest';
import { TradeRate } from '../../../src/gateway/view/trade-rate.ts';

it('is the mean of the last five whole seconds', () => {
  const rate = new TradeRate(10_300);
  expect(rate.perSecond(10_300)).toBe(0);
  for (let at = 10_300; at < 11_000; at += 100) rate.add(at);
  expect(rate.perSecond(10_999)).toBe(0);
  expect(rate.perSecond(11_000)).toBe(7);
  for (let at = 11_000; at < 16_000; at += 100) rate.add(at);
  expect(rate.perSecond(15_999)).toBe((7 + 4 * 10) / 5);
  expect(rate.perSecond(16_000)).toBe(10);
  expect(rate.perSecond(18_500)).toBe(6);
  expect(rate.perSecond(90_000)).toBe(0);
});
