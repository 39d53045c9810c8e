import { expect, it } from 'vitest';
import { CountRate } from '../../src/telemetry/count-rate.ts';

it('CountRate is the mean of the last five full seconds, and 0 before the first one ends', () => {
  const rate = new CountRate();
  expect(rate.perSecond).toBe(0);
  rate.sample(100);
  expect(rate.perSecond).toBe(0);
  rate.sample(107);
  expect(rate.perSecond).toBe(7);
  for (const count of [117, 127, 137, 147]) rate.sample(count);
  expect(rate.perSecond).toBe((7 + 4 * 10) / 5);
  rate.sample(157);
  expect(rate.perSecond).toBe(10);
});
