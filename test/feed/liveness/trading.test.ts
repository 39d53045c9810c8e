import { TestScheduler } from 'rxjs/testing';
import { expect, it } from 'vitest';
import { Trading } from '../../../src/feed/liveness/trading.ts';

const trading = () => new Trading({ scheduler: new TestScheduler(() => undefined), tell: () => {} });
const stale = (cause: string) => ({
  state: 'feed_stale' as const,
  reason: '',
  symbol: 'BTCUSDT',
  cause,
});
const recovered = { state: 'feed_recovered' as const, reason: '', symbol: 'BTCUSDT' };

it('halts a symbol that alone is stale at the venue that serves it, until it has recovered or another serves it', () => {
  const one = trading();
  one.served('BTCUSDT', { venue: 'bybit', isTestnet: false });
  one.coin('binance', stale('subscription_mute'));
  one.coin('bybit', stale('quiet_market'));
  expect([...one.haltedSymbols]).toEqual([]);
  one.coin('bybit', stale('subscription_mute'));
  expect([...one.haltedSymbols]).toEqual(['BTCUSDT']);
  one.coin('bybit', recovered);
  expect([...one.haltedSymbols]).toEqual([]);
  one.coin('bybit', stale('subscription_mute'));
  one.served('BTCUSDT', { venue: 'binance', isTestnet: false });
  expect([...one.haltedSymbols]).toEqual([]);
});

it('halts a symbol that the testnet alone serves, whatever it recovers from', () => {
  const one = trading();
  one.served('BTCUSDT', { venue: 'binance_testnet', isTestnet: true });
  one.coin('binance_testnet', stale('subscription_mute'));
  one.coin('binance_testnet', recovered);
  expect([...one.haltedSymbols]).toEqual(['BTCUSDT']);
  one.served('BTCUSDT', { venue: 'bybit', isTestnet: false });
  expect([...one.haltedSymbols]).toEqual([]);
});
