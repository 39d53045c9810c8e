import { describe, expect, it } from 'vitest';
import { binanceSpot as binance, binanceUsSpot as binanceUs } from '../../src/venues/binance/venue.ts';
import { bybitSpot as bybit } from '../../src/venues/bybit/venue.ts';
import type { Venue } from '../../src/venues/contract.ts';

const bybitBody = (list: readonly unknown[]) => ({ retCode: 0, retMsg: 'OK', result: { category: 'spot', list } });

describe.each<readonly [string, Venue, (rows: readonly unknown[]) => unknown, string]>([
  ['bybit', bybit, bybitBody, 'turnover24h'],
  ['binance', binance, (rows) => rows, 'quoteVolume'],
  ['binance_us', binanceUs, (rows) => rows, 'quoteVolume'],
])('parsing the day volumes of %s', (_, { dayVolumes }, body, field) => {
  it('keeps the exact decimal of a volume, without trailing zeros', () => {
    const row = { symbol: 'BTCUSDT', volume: '1', volume24h: '1', [field]: '123456789012.34500000' };
    expect(dayVolumes.parse(body([row]))).toEqual({
      rows: [{ venueSymbol: 'BTCUSDT', quoteVolume: '123456789012.345' }],
      malformed: 0,
    });
    expect(dayVolumes.parse(body([]))).toEqual({ rows: [], malformed: 0 });
  });

  it('skips and counts malformed rows', () => {
    const rows = [{ symbol: 'A', [field]: 'much' }, { symbol: 'B', [field]: '1' }, { [field]: '1' }, null];
    expect(dayVolumes.parse(body(rows))).toEqual({ rows: [{ venueSymbol: 'B', quoteVolume: '1' }], malformed: 3 });
  });

  it('throws with the name of the first malformed field when no row can be read', () => {
    expect(() => dayVolumes.parse(body([{ symbol: 'BTCUSDT', [field]: 'much' }]))).toThrow(field);
    expect(() => dayVolumes.parse(body([{ [field]: '1' }, null]))).toThrow(/^(result.list)?\[0\].symbol /);
  });
});

describe('the requests for day volumes and instruments', () => {
  it('together use less than a tenth of the weight that a venue allows per minute', () => {
    for (const { dayVolumes, instruments, restWeightPerMinute } of [bybit, binance, binanceUs])
      expect((dayVolumes.weight + instruments.weight) * 10).toBeLessThan(restWeightPerMinute);
  });
});

describe.each<readonly [string, Venue, (rows: readonly unknown[]) => unknown, object]>([
  ['bybit', bybit, bybitBody, { baseCoin: 'B', quoteCoin: 'USDT', status: 'Trading' }],
  ['binance', binance, (symbols) => ({ symbols }), { baseAsset: 'B', quoteAsset: 'USDT', status: 'TRADING' }],
])('parsing the instrument list of %s', (_, { instruments }, body, fields) => {
  it('skips and counts malformed rows', () => {
    const rows = [null, { ...fields, symbol: 1 }, { ...fields, symbol: 'BUSDT' }, { symbol: 'AUSDT' }];
    const row = { venueSymbol: 'BUSDT', base: 'B', quote: 'USDT', trading: true };
    expect(instruments.parse(body(rows))).toEqual({ rows: [row], malformed: 3 });
  });

  it('throws with the name of the first malformed field when no row can be read', () => {
    expect(() => instruments.parse(body([{ ...fields, symbol: 1 }, null]))).toThrow(
      /^(result.list|symbols)\[0\].symbol /,
    );
  });
});
