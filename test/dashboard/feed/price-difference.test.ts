import { expect, it } from 'vitest';
import { priceDifference } from '../../../dashboard/feed/price-difference.ts';

const compared = { coin: 'BTC', serving: 'bybit', passedMs: 0 };
const at = (venue: string, difference_bps: number | null, age_ms = 100) => ({
  venue,
  price: '64006.4',
  age_ms,
  difference_bps,
});

it.each([
  ['a higher price', at('binance', 1), '+1.0 bp'],
  ['a lower price', at('binance', -12.34), '−12.3 bp'],
  ['an equal price', at('binance', -0.04), '±0.0 bp'],
  ['the serving venue', at('bybit', 0), 'serves'],
  ['an old price', at('binance', 1, 12_000), '12 s old'],
  ['no price of the serving venue', at('binance', null), '– bp'],
  ['an unknown price', { venue: 'binance', price: null, age_ms: null, difference_bps: null }, '– bp'],
  ['an unknown venue', undefined, '– bp'],
])('priceDifference of %s', (_, found, text) => {
  expect(priceDifference(found, compared).text).toBe(text);
});

it('priceDifference says what is compared, and ages between two answers', () => {
  expect(priceDifference(at('binance', 1), compared).title).toBe(
    'BTC: 64,006.4 at binance, < 2 s ago: +1.0 basis points from bybit',
  );
  expect(priceDifference(at('binance', 1), { ...compared, passedMs: 15_000 })).toMatchObject({ text: '15 s old' });
});
