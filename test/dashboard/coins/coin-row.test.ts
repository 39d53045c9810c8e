import { expect, it } from 'vitest';
import { CoinRow } from '../../../dashboard/coins/coin-row.ts';
import { coin, tick } from '../coin.ts';

function rowOf(...args: Parameters<typeof coin>): CoinRow {
  const row = new CoinRow(coin(...args));
  row.overview(coin(...args), 1000);
  return row;
}

it('CoinRow shows the environment of its data, from the overview and from each tick', () => {
  const row = rowOf({ environment: 'testnet' });
  expect(row.environment.value).toBe('testnet');
  row.tick(tick({ environment: 'production', epoch: 2, venue: 'binance' }), 1001);
  expect(row.environment.value).toBe('production');
});

it('CoinRow shows the tier of its coin', () => expect(rowOf({ tier: 3 }).tier.value).toBe(3));

it('CoinRow ignores ticks of other venues if several venues publish the symbol', () => {
  const row = rowOf({ venue: 'bybit' });
  row.isOfSeveral = true;
  row.tick(tick({ venue: 'binance', environment: 'testnet', price: '7' }), 1001);
  expect([row.venue.value, row.price.value, row.environment.value]).toEqual(['bybit', '100', 'production']);
  row.tick(tick({ venue: 'bybit', price: '102' }), 1002);
  expect(row.price.value).toBe('102');
});

it('CoinRow never shows the price of the previous venue with the name of the new venue', () => {
  const row = rowOf({ price: '100' });
  row.overview(coin({ venue: 'binance', epoch: 2, price: '99' }), 2000);
  expect([row.venue.value, row.price.value]).toEqual(['binance', '99']);
  row.overview(coin({ venue: 'bybit', epoch: 3, price: null }), 3000);
  expect([row.venue.value, row.price.value]).toEqual(['bybit', null]);
});

it('CoinRow keeps the price of a tick that is newer than the overview of the same epoch', () => {
  const row = rowOf();
  row.tick(tick({ price: '101' }), 1001);
  row.overview(coin({ price: '100' }), 1002);
  expect(row.price.value).toBe('101');
});

it('CoinRow shows the age of the last event of an overview or tick, and does not tremble by rounding', () => {
  const row = rowOf();
  row.overview(coin({ age_ms: 0 }), 2000);
  expect(row.seenAt.value).toBe(2000);
  row.tick(tick(), 2600, 2500);
  expect(row.seenAt.value).toBe(2500);
  row.overview(coin({ age_ms: 1000 }), 3000);
  expect(row.seenAt.value).toBe(2500);
  row.overview(coin({ age_ms: 9000 }), 4000);
  expect(row.seenAt.value).toBe(-5000);
});
