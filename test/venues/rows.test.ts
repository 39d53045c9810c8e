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

const bybitRow = {
  baseCoin: 'B',
  quoteCoin: 'USDT',
  status: 'Trading',
  lotSizeFilter: { basePrecision: '0.000001', quotePrecision: '0.0000001', minOrderQty: '0.000048', minOrderAmt: '5' },
  priceFilter: { tickSize: '0.010' },
  symbolType: '',
  xstockMultiplier: '1',
};
const binanceRow = {
  baseAsset: 'B',
  quoteAsset: 'USDT',
  status: 'TRADING',
  filters: [
    { filterType: 'PRICE_FILTER', minPrice: '0.01000000', maxPrice: '1000000.00000000', tickSize: '0.01000000' },
    { filterType: 'LOT_SIZE', minQty: '0.00001000', maxQty: '9000.00000000', stepSize: '0.00001000' },
    { filterType: 'ICEBERG_PARTS', limit: 10 },
    { filterType: 'NOTIONAL', minNotional: '5.00000000', applyMinToMarket: true, maxNotional: '9000000.00000000' },
  ],
};

describe.each<readonly [string, Venue, (rows: readonly unknown[]) => unknown, object, object]>([
  ['bybit', bybit, bybitBody, bybitRow, { lotStep: '0.000001', minQuantity: '0.000048' }],
  ['binance', binance, (symbols) => ({ symbols }), binanceRow, { lotStep: '0.00001', minQuantity: '0.00001' }],
])('parsing the instrument list of %s', (_, { instruments }, body, fields, lots) => {
  it('reads steps and minimums, and skips and counts malformed rows', () => {
    const rows = [null, { ...fields, symbol: 1 }, { ...fields, symbol: 'BUSDT' }, { symbol: 'AUSDT' }];
    const limits = { tickSize: '0.01', ...lots, minValue: '5', multiplier: null };
    const row = { venueSymbol: 'BUSDT', base: 'B', quote: 'USDT', status: 'trading', ...limits };
    expect(instruments.parse(body(rows))).toEqual({ rows: [row], malformed: 3 });
  });

  it('throws with the name of the first malformed field when no row can be read', () => {
    expect(() => instruments.parse(body([{ ...fields, symbol: 1 }, null]))).toThrow(
      /^(result.list|symbols)\[0\].symbol /,
    );
  });
});

describe('parsing the instrument list of binance', () => {
  const parsed = (row: object) => binance.instruments.parse({ symbols: [{ ...binanceRow, symbol: 'BUSDT', ...row }] });

  it.each([
    ['TRADING', 'trading'],
    ['CANCEL_ONLY', 'cancel_only'],
    ['HALT', 'halted'],
    ['BREAK', 'halted'],
    ['END_OF_DAY', 'halted'],
    ['AUCTION_MATCH', 'halted'],
  ])('takes %s as %s', (status, expected) => {
    expect(parsed({ status }).rows).toMatchObject([{ status: expected }]);
  });

  it('knows no limit if a filter is missing or 0, and reads MIN_NOTIONAL, the older filter', () => {
    const filters = [
      { filterType: 'LOT_SIZE', minQty: '0.00000000', stepSize: '1.00000000' },
      { filterType: 'MIN_NOTIONAL', minNotional: '10.00000000' },
    ];
    const limits = { tickSize: null, lotStep: '1', minQuantity: null, minValue: '10' };
    expect(parsed({ filters }).rows).toMatchObject([limits]);
  });

  it('requests instruments in every status, because halted ones are missing from a list of those that trade', () => {
    expect(binance.instruments.path).toBe('/api/v3/exchangeInfo?permissions=SPOT&showPermissionSets=false');
  });
});

describe('parsing the instrument list of bybit', () => {
  const parsed = (row: object) => bybit.instruments.parse(bybitBody([{ ...bybitRow, symbol: 'BUSDT', ...row }])).rows;

  it('reads the multiplier only of tokenised shares, because every row has one', () => {
    const xstock = { symbolType: 'xstocks', xstockMultiplier: '1.0020' };
    expect([parsed(xstock), parsed({})]).toMatchObject([[{ multiplier: '1.002' }], [{ multiplier: null }]]);
  });

  it('takes every status but Trading as halted', () => {
    expect(parsed({ status: 'PreLaunch' })).toMatchObject([{ status: 'halted' }]);
  });
});
