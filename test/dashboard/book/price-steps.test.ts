import { expect, it } from 'vitest';
import { sizeIn, sizePlaces } from '../../../dashboard/book/book-size.ts';
import { priceSteps } from '../../../dashboard/book/price-steps.ts';

const range = (low: string | null, high: string | null) => ({ mid: '100', price_range: { low, high } });

it('priceSteps are powers of ten of the tick size that both sides cover five times', () => {
  expect(priceSteps('0.01', range('99', '101'))).toEqual(['0.01', '0.1']);
  expect(priceSteps('0.01', range('95', '105'))).toEqual(['0.01', '0.1', '1']);
  expect(priceSteps('0.01', range('95', '104.99'))).toEqual(['0.01', '0.1']);
  expect(priceSteps('0.05', range('0', '1000'))).toEqual(['0.05', '0.5', '5']);
  expect(priceSteps('0.000000000000000001', range('0', '1000'))).toHaveLength(5);
});

it('priceSteps have only the tick size if a side is unknown', () => {
  expect(priceSteps('0.01', range(null, '101'))).toEqual(['0.01']);
  expect(priceSteps('0.01', { ...range('1', '2'), mid: null })).toEqual(['0.01']);
});

it('sizes are quantities or exact values, in equally many places', () => {
  const level = { price: '0.1', quantity: '0.300000000000000003' };
  expect(sizeIn('base', level)).toBe('0.300000000000000003');
  expect(sizeIn('quote', level)).toBe('0.03');
  expect(sizePlaces('base', ['1', '0.125', '0.5'])).toBe(3);
  expect([sizePlaces('quote', ['999.99', '1']), sizePlaces('quote', ['1000', '1.5'])]).toEqual([2, 0]);
});
