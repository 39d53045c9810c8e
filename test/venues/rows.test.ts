import { describe, expect, it } from 'vitest';
import { binanceSpot as binance, binanceUsSpot as binanceUs } from '../../src/venues/binance/venue.ts';
import { bybitSpot as bybit } from '../../src/venues/bybit/venue.ts';
import type { Venue } from '../../src/venues/contract.ts';

const bybitBody = (list: readonly unknown[]) => ({ retCode: 0, retMsg: 'OK', result: { category: 'spot', list } });

describe.each<readonly [string, Venue, (rows: readonly unknown[]) => unknown, string]>([
  ['bybit', bybit, bybitBody, 'turnover24h'],
  ['binance', binance, (rows) => rows, 'quoteVolume'],
  ['binance_us', binanceUs, (rows) => rows, 'quoteVolume'],
])('the day volumes of %s', (_, { dayVolumes }, body, field) => {
  it('are read exactly', () => {
    const row = { symbol: 'BTCUSDT', volume: '1', volume24h: '1', [field]: '123456789012.34500000' };
    expect(dayVolumes.parse(body([row]))).toEqual({
      rows: [{ venueSymbol: 'BTCUSDT', quoteVolume: '123456789012.345' }],
      malformed: 0,
    });
    expect(dayVolumes.parse(body([]))).toEqual({ rows: [], malformed: 0 });
  });

  it('are read without the rows that cannot be, which are counted', () => {
    const rows = [{ symbol: 'A', [field]: 'much' }, { symbol: 'B', [field]: '1' }, { [field]: '1' }, null];
    expect(dayVolumes.parse(body(rows))).toEqual({ rows: [{ venueSymbol: 'B', quoteVolume: '1' }], malformed: 3 });
  });

  it('are refused where none can be read, naming the first field', () => {
    expect(() => dayVolumes.parse(body([{ symbol: 'BTCUSDT', [field]: 'much' }]))).toThrow(field);
    expect(() => dayVolumes.parse(body([{ [field]: '1' }, null]))).toThrow(/^(result.list)?\[0\].symbol /);
  });
});

describe('the weights of the day volumes', () => {
  it('fit into what the venues allow for a minute, beside the list', () => {
    for (const { dayVolumes, instruments, restWeightPerMinute } of [bybit, binance, binanceUs])
      expect((dayVolumes.weight + instruments.weight) * 10).toBeLessThan(restWeightPerMinute);
  });
});

describe.each<readonly [string, Venue, (rows: readonly unknown[]) => unknown, object]>([
  ['bybit', bybit, bybitBody, { baseCoin: 'B', quoteCoin: 'USDT', status: 'Trading' }],
  ['binance', binance, (symbols) => ({ symbols }), { baseAsset: 'B', quoteAsset: 'USDT', status: 'TRADING' }],
])('the instrument list of %s', (_, { instruments }, body, fields) => {
  it('is read without the rows that cannot be, which are counted', () => {
    const rows = [null, { ...fields, symbol: 1 }, { ...fields, symbol: 'BUSDT' }, { symbol: 'AUSDT' }];
    const row = { venueSymbol: 'BUSDT', base: 'B', quote: 'USDT', trading: true };
    expect(instruments.parse(body(rows))).toEqual({ rows: [row], malformed: 3 });
  });

  it('is refused where none can be read, naming the first field', () => {
    expect(() => instruments.parse(body([{ ...fields, symbol: 1 }, null]))).toThrow(
      /^(result.list|symbols)\[0\].symbol /,
    );
  });
});
