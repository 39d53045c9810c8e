import { expect, it } from 'vitest';
import { SymbolTradability } from '../../../src/feed/liveness/tradability.ts';

const stale = (cause: string) => ({
  state: 'feed_stale' as const,
  reason: '',
  symbol: 'BTCUSDT',
  cause,
});
const recovered = { state: 'feed_recovered' as const, reason: '', symbol: 'BTCUSDT' };

it('SymbolTradability halts a symbol that is stale at its active venue, until recovery or failover', () => {
  const one = new SymbolTradability();
  one.served('BTCUSDT', { venue: 'bybit', isTestnet: false });
  one.happened('binance', stale('subscription_mute'));
  one.happened('bybit', stale('quiet_market'));
  one.happened('bybit', { ...stale('channel_mute'), line: 1 });
  expect([...one.halted]).toEqual([]);
  one.happened('bybit', stale('subscription_mute'));
  expect([...one.halted]).toEqual(['BTCUSDT']);
  one.happened('bybit', { ...recovered, line: 1 });
  expect([...one.halted]).toEqual(['BTCUSDT']);
  one.happened('bybit', recovered);
  expect([...one.halted]).toEqual([]);
  one.happened('bybit', stale('subscription_mute'));
  one.served('BTCUSDT', { venue: 'binance', isTestnet: false });
  expect([...one.halted]).toEqual([]);
});

it('SymbolTradability halts a symbol that the testnet serves, even after a recovery', () => {
  const one = new SymbolTradability();
  one.served('BTCUSDT', { venue: 'binance_testnet', isTestnet: true });
  one.happened('binance_testnet', stale('subscription_mute'));
  one.happened('binance_testnet', recovered);
  expect([...one.halted]).toEqual(['BTCUSDT']);
  one.served('BTCUSDT', { venue: 'bybit', isTestnet: false });
  expect([...one.halted]).toEqual([]);
});

it('SymbolTradability halts a symbol whose instrument does not trade at its venue, also before its first data', () => {
  const one = new SymbolTradability();
  const halted = { state: 'instrument_halted' as const, reason: '', symbol: 'BTCUSDT', cause: 'halted' };
  const symbols = () => [[...one.halted], [...one.haltedInstruments]];
  one.happened('bybit', halted);
  expect(symbols()).toEqual([['BTCUSDT'], ['BTCUSDT']]);
  one.served('BTCUSDT', { venue: 'binance', isTestnet: false });
  expect(symbols()).toEqual([[], []]);
  one.happened('binance', stale('subscription_mute'));
  expect(symbols()).toEqual([['BTCUSDT'], []]);
  one.served('BTCUSDT', { venue: 'bybit', isTestnet: false });
  expect(symbols()).toEqual([['BTCUSDT'], ['BTCUSDT']]);
  one.happened('bybit', recovered);
  expect(symbols()).toEqual([[], []]);
});

it('SymbolTradability halts a symbol with a disputed price, whatever else recovers', () => {
  const one = new SymbolTradability();
  one.served('BTCUSDT', { venue: 'bybit', isTestnet: false });
  one.disputedPrices.add('BTCUSDT');
  one.happened('bybit', stale('subscription_mute'));
  one.happened('bybit', recovered);
  expect([...one.halted]).toEqual(['BTCUSDT']);
  one.disputedPrices.delete('BTCUSDT');
  expect([...one.halted]).toEqual([]);
});
