import { describe, expect, it } from 'vitest';
import { type Decoder, decoderOf } from '../../src/venues/index.ts';

const trade = {
  bybit:
    '{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","i":"2290000000006434651","BT":false,"RPI":false,"seq":1}]}',
  binance:
    '{"stream":"btcusdt@trade","data":{"e":"trade","E":1672304486868,"s":"BTCUSDT","t":12345,"p":"16578.50","q":"0.001","T":1672304486865,"m":false,"M":true}}',
};
const decoded = (decode: Decoder, text: string) =>
  decode({ data: Buffer.from(text), binary: false, receivedAt: 1_672_304_486_900_000 });

describe('decoderOf', () => {
  it.each([
    ['bybit', trade.bybit, '2290000000006434651'],
    ['binance', trade.binance, '12345'],
    ['binance_us', trade.binance, '12345'],
  ] as const)('decodes a frame of %s that came through a socket of the caller', (venue, text, tradeId) => {
    expect(decoded(decoderOf(venue, { symbols: ['BTCUSDT'] }), text)).toMatchObject({
      ...{ kind: 'value', key: 'BTCUSDT' },
      value: [{ kind: 'trade', venue, coin: 'BTC', environment: 'production', price: '16578.5', tradeId }],
    });
  });

  it('returns frames of other symbols, broken frames and answers as what they are', () => {
    const decode = decoderOf('bybit', { symbols: ['ETHUSDT'] });
    expect(decoded(decode, trade.bybit)).toEqual({ kind: 'ignored', reason: 'unknown_symbol' });
    expect(decoded(decode, '{"topic":7}')).toMatchObject({ kind: 'malformed', fault: { kind: 'malformed' } });
    expect(decoded(decode, '{"op":"pong"}').kind).toBe('pong');
  });

  it('marks the testnet, takes an environment, another quote, and symbols that the venue spells differently', () => {
    const options = { symbols: [{ coin: 'XBT', symbol: 'XBTUSDT', venueSymbol: 'BTCUSDT' }] };
    expect(decoded(decoderOf('binance_testnet', options), trade.binance)).toMatchObject({
      value: [{ coin: 'XBT', symbol: 'XBTUSDT', venueSymbol: 'BTCUSDT', environment: 'testnet' }],
    });
    const simulated = decoderOf('binance', { symbols: ['BTCUSDT'], quote: 'DT', environment: 'simulated' });
    expect(decoded(simulated, trade.binance)).toMatchObject({ value: [{ coin: 'BTCUS', environment: 'simulated' }] });
  });

  it('names a venue or an option that it does not have', () => {
    expect(() => decoderOf('kraken' as 'bybit', { symbols: ['BTCUSDT'] })).toThrow(
      'decoderOf: no venue kraken; there are bybit, binance, binance_us, binance_testnet',
    );
    expect(() => decoderOf('bybit', {} as { symbols: string[] })).toThrow('bybit: symbols are missing');
    expect(() => decoderOf('bybit', { symbols: ['btcusdt'] })).toThrow('symbols has "btcusdt"');
  });
});
