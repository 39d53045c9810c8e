import { expect, it } from 'vitest';
import { moveOf, type PriceMemory, placesOf, remember, sparkline } from '../../../src/cli/terminal/price-memory.ts';

const coin = (price: string | null, epoch = 1) => [{ id: 'BTCUSDT', price, epoch }];
const after = (...paints: ReturnType<typeof coin>[]) => paints.reduce<PriceMemory>(remember, new Map()).get('BTCUSDT');
const move = (...prices: readonly string[]) => moveOf({ prices, epoch: 1 });

it('moveOf returns the move since the last paint', () => {
  expect(move('1.5')).toBe(0);
  expect(move('9.5', '10')).toBeGreaterThan(0);
  expect(move('10', '9.5')).toBeLessThan(0);
  expect(move('10', '9.5', '9.5')).toBe(0);
});

it('placesOf returns the largest number of decimal places of the prices', () =>
  expect(placesOf({ prices: ['1.25', '1.3'], epoch: 1 })).toBe(2));

it('remember forgets the prices of the previous epoch', () => {
  expect(after(coin('10', 1), coin('12', 2))?.prices).toEqual(['12']);
});

it('remember keeps the prices through a paint without a price', () => {
  expect(after(coin(null))).toBeUndefined();
  expect(after(coin('10'), coin(null))?.prices).toEqual(['10']);
});

it('remember keeps at most 60 prices of a symbol', () => {
  const paints = Array.from({ length: 500 }, (_, index) => coin(String(index)));
  expect(after(...paints)?.prices).toHaveLength(60);
});

it('sparkline draws prices from the lowest to the highest', () => {
  expect(sparkline(['1', '2', '3', '2'], 10)).toBe('▁▅█▅');
  expect(sparkline(['1', '2', '3', '2'], 2)).toBe('█▁');
  expect(sparkline(['5', '5'], 10)).toBe('▄▄');
  expect(sparkline(['5'], 10)).toBe('');
});
