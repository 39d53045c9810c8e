import { expect, it } from 'vitest';
import { missingChannels, servingVenues } from '../../src/venues/missing-channels.ts';

const BOTH = ['bybit', 'binance'] as const;

it('missingChannels names nothing if each venue has each channel', () => {
  expect(missingChannels(BOTH, ['trade', 'ticker', 'kline_1m', 'depth'], BOTH)).toEqual([]);
});

it('missingChannels names each channel that a venue lacks, with the venues that have it', () => {
  expect(missingChannels(['binance', 'bybit', 'binance_us'], ['trade', 'agg_trade'], BOTH)).toEqual([
    {
      venue: 'bybit',
      channel: 'agg_trade',
      reason: 'bybit has no channel agg_trade: it is published only while binance or binance_us is active',
    },
  ]);
});

it('missingChannels names venues outside the order if none of the order has the channel', () => {
  const [missing] = missingChannels(['bybit', 'binance_us'], ['kline_1s'], ['bybit', 'binance_us']);
  expect(missing?.reason).toMatch(
    /^bybit has no channel kline_1s, and no other .* \(add binance or binance_testnet\)$/,
  );
});

it('missingChannels names only aggregated trades of a venue that is not used', () => {
  const missing = missingChannels(BOTH, ['agg_trade', 'kline_1s'], ['binance']);
  expect(missing.map(({ venue, channel }) => `${venue} ${channel}`)).toEqual(['bybit agg_trade']);
});

it.each([
  [['trade'], ['bybit', 'binance']],
  [
    ['trade', 'agg_trade'],
    ['bybit', 'binance'],
  ],
  [['ticker'], ['bybit', 'binance']],
  [['agg_trade', 'ticker'], ['binance']],
] as const)('with the channels %j, the venues %j serve', (channels, served) => {
  expect(servingVenues(BOTH, channels)).toEqual(served);
});

it('servingVenues keeps all venues if none has aggregated trades', () => {
  expect(servingVenues(['bybit'], ['agg_trade'])).toEqual(['bybit']);
});
