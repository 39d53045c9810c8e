import { expect, it } from 'vitest';
import { heartbeat, price } from '../../../testing/records/gateway-records.ts';
import { gatewayUnderTest } from '../gateway-under-test.ts';
import { SNAPSHOT } from '../status-snapshot.ts';

it("gives each venue's price as a difference in basis points from the venue that serves the symbol", async () => {
  const { publish, look, json } = await gatewayUnderTest();
  publish(heartbeat(), price('64000'));
  look(SNAPSHOT);
  expect(await json('/api/assets/crypto/BTC/')).toMatchObject({
    venue_prices: [
      { venue: 'bybit', price: '64000', age_ms: 100, difference_bps: 0 },
      { venue: 'binance', price: '64006.4', age_ms: 250, difference_bps: 1 },
      { venue: 'binance_us', price: null, age_ms: null, difference_bps: null },
    ],
  });
});

it('has no prices of venues if it only reads topics', async () => {
  const { publish, json } = await gatewayUnderTest();
  publish(heartbeat(), price('64000'));
  expect(await json('/api/assets/crypto/BTC/')).toMatchObject({ price: '64000', venue_prices: null });
});
