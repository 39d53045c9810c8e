import { describe, expect, it, vi } from 'vitest';
import { bybitSpot as bybit } from '../../../../src/venues/bybit/venue.ts';
import { kline } from '../../../../testing/judges/events.ts';
import { COMMON, ORIGIN, present } from '../../past-origin.ts';

const OPEN = Date.parse('2026-11-21T08:30:00Z');
const klines = (interval: '1m' | '1h' | '1M' = '1m') => present(bybit.history?.klines(ORIGIN, interval));
const row = (open: number) => [String(open), '16.50', '17', '16', '16.8', '10.5', '175.350'];
const body = (...list: readonly unknown[]) => ({ retCode: 0, retMsg: 'OK', result: { category: 'spot', list } });

describe('kline history of Bybit', () => {
  it('requests a span of at most 1000 klines, the limit of one answer', () => {
    expect(klines().page(OPEN, OPEN + 5_000 * 60_000, 0)).toMatchObject({
      path: `/v5/market/kline?category=spot&symbol=BTCUSDT&interval=1&start=${OPEN}&end=${OPEN + 999 * 60_000}&limit=1000`,
      weight: 1,
    });
    expect(klines('1h').page(OPEN, OPEN + 3_600_000, 0).path).toContain(
      `interval=60&start=${OPEN}&end=${OPEN + 3_600_000}&`,
    );
  });

  it('reverses the newest-first rows, and continues after the span even if it is empty', () => {
    const request = klines().page(OPEN, OPEN + 60_000, 0);
    const page = request.parse(body(row(OPEN + 60_000), row(OPEN)));
    expect(page.rows.map(({ place }) => place)).toEqual([OPEN, OPEN + 60_000]);
    expect([page.next, request.parse(body()).next]).toEqual([OPEN + 60_001, OPEN + 60_001]);
  });

  it('leaves out and reports unreadable rows, and continues after the span', () => {
    const report = vi.fn();
    const rows = [row(OPEN + 120_000), row(OPEN + 60_000).with(4, 'NaN'), row(OPEN)];
    const page = klines()
      .page(OPEN, OPEN + 120_000, 0)
      .parse(body(...rows), report);
    expect(page.rows.map(({ place }) => place)).toEqual([OPEN, OPEN + 120_000]);
    expect(page.next).toBe(OPEN + 120_001);
    expect(report.mock.calls).toEqual([[expect.objectContaining({ field: 'result.list[1].4' }), rows[1]]]);
  });

  it('requests at most 1000 klines when a span begins between two open times', () => {
    const { path } = klines().page(OPEN + 1, OPEN + 5_000 * 60_000, 0);
    expect(path).toContain(`&start=${OPEN + 1}&end=${OPEN + 1000 * 60_000}&`);
  });

  it('returns exact decimals, and a kline as closed only after its close time', () => {
    const record = (nowMs: number) =>
      klines()
        .page(OPEN, OPEN, nowMs)
        .parse(body(row(OPEN))).rows[0]?.record;
    expect(record(OPEN + 60_000)).toEqual({
      kind: 'kline',
      venue: 'bybit',
      ...COMMON,
      interval: '1m',
      timestamp: OPEN + 59_999,
      openTime: OPEN,
      closeTime: OPEN + 59_999,
      open: '16.5',
      high: '17',
      low: '16',
      close: '16.8',
      volume: '10.5',
      quoteVolume: '175.35',
      takerBuyVolume: null,
      takerBuyQuoteVolume: null,
      tradeCount: null,
      closed: true,
    });
    expect(record(OPEN + 59_999)).toMatchObject({ closed: false });
    expect(record(OPEN + 1000)).toMatchObject({ closed: false, timestamp: OPEN + 1000 });
  });

  it('ends a month kline with the last millisecond of the month', () => {
    const january = Date.parse('2026-01-01T00:00:00Z');
    const page = klines('1M')
      .page(january, january, 0)
      .parse(body(row(january)));
    expect(page.rows[0]?.record).toMatchObject({ closeTime: Date.parse('2026-02-01T00:00:00Z') - 1 });
  });

  it('finds the first open time from a time on, or the first month with data', () => {
    const request = klines().firstFrom(OPEN + 1);
    expect(request.path).toBe(
      `/v5/market/kline?category=spot&symbol=BTCUSDT&interval=M&start=${Date.parse('2026-11-01T00:00:00Z')}&limit=1000`,
    );
    const october = Date.parse('2026-10-01T00:00:00Z');
    const december = Date.parse('2026-12-01T00:00:00Z');
    expect(request.parse(body(row(december), row(october)))).toBe(OPEN + 60_000);
    expect(request.parse(body(row(december)))).toBe(december);
    expect(request.parse(body())).toBeUndefined();
    // The unreadable month may be the first one with data.
    expect(request.parse(body(row(december), []))).toBe(OPEN + 60_000);
  });

  it('finds the latest kline, and uses its open time as its position in the series', () => {
    expect(klines().latest.path).toContain('interval=1&limit=1');
    expect(klines().latest.parse(body(row(OPEN)))).toBe(OPEN);
    expect(klines().placeOf(kline(OPEN, OPEN + 1))).toBe(OPEN);
    expect(klines().step(OPEN, -2)).toBe(OPEN - 120_000);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])('rejects a number instead of text in column %i, and names the column', (column) => {
    const read = () =>
      klines()
        .page(OPEN, OPEN, 0)
        .parse(body([...row(OPEN)].with(column, 1.5 as never)));
    expect(read).toThrow(expect.objectContaining({ kind: 'malformed', field: `result.list[0].${column}` }));
  });

  it('throws a fault for the field retCode when Bybit answers with an error code', () => {
    const refused = { retCode: 10001, retMsg: 'Not supported symbols', result: {} };
    expect(() => klines().latest.parse(refused)).toThrow(expect.objectContaining({ field: 'retCode' }));
  });
});

it('Bybit offers no trade history beyond the last 60 trades, and lists its kline intervals', () => {
  const { history } = bybit;
  expect([history?.trades, history?.aggTrades, history?.recentTrades]).toEqual([undefined, undefined, 60]);
  expect(bybit.history?.whyNoTrades).toContain('last 60 trades');
  expect(bybit.history?.intervals).toEqual([
    '1m',
    '3m',
    '5m',
    '15m',
    '30m',
    '1h',
    '2h',
    '4h',
    '6h',
    '12h',
    '1d',
    '1w',
    '1M',
  ]);
});
