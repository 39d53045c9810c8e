import { describe, expect, it } from 'vitest';
import { binance, binanceUs } from '../../src/venues/binance/venue.ts';
import { bybit } from '../../src/venues/bybit/venue.ts';
import type { Venue } from '../../src/venues/contract.ts';

const bybitBody = (row: object) => ({ retCode: 0, retMsg: 'OK', result: { category: 'spot', list: [row] } });

describe.each<readonly [string, Venue, (row: object) => unknown, string]>([
  ['bybit', bybit, bybitBody, 'turnover24h'],
  ['binance', binance, (row) => [row], 'quoteVolume'],
  ['binance_us', binanceUs, (row) => [row], 'quoteVolume'],
])('the day volumes of %s', (_, { dayVolumes }, body, field) => {
  it('are read exactly', () => {
    const row = { symbol: 'BTCUSDT', volume: '1', volume24h: '1', [field]: '123456789012.34500000' };
    expect(dayVolumes.parse(body(row))).toEqual([{ venueSymbol: 'BTCUSDT', quoteVolume: '123456789012.345' }]);
  });

  it('are refused where they are none, naming the field', () => {
    expect(() => dayVolumes.parse(body({ symbol: 'BTCUSDT', [field]: 'much' }))).toThrow(field);
    expect(() => dayVolumes.parse(body({ [field]: '1' }))).toThrow('symbol');
  });
});

describe('the weights of the day volumes', () => {
  it('fit into what the venues allow for a minute, beside the list', () => {
    for (const { dayVolumes, instruments, restWeightPerMinute } of [bybit, binance, binanceUs])
      expect((dayVolumes.weight + instruments.weight) * 10).toBeLessThan(restWeightPerMinute);
  });
});
