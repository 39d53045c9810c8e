import { describe, expect, it, vi } from 'vitest';
import {
  binanceSpot as binance,
  binanceTestnetSpot as binanceTestnet,
  binanceUsSpot as binanceUs,
} from '../../../../src/venues/binance/venue.ts';
import type { Venue } from '../../../../src/venues/contract.ts';
import { aggTrade, kline, tradeEvent } from '../../../../testing/judges/events.ts';
import { COMMON, ORIGIN, present } from '../../past-origin.ts';

const trades = (venue: Venue) => present(venue.history?.trades?.(ORIGIN));
const aggTrades = (venue: Venue) => present(venue.history?.aggTrades?.(ORIGIN));
const klines = (venue: Venue) => present(venue.history?.klines(ORIGIN, '1m'));

const tradeRow = (id: number) => ({ id, price: '4.00000100', qty: '12.00', time: 1499865549590, isBuyerMaker: true });
const aggRow = (a: number) => ({ a, p: '0.01', q: '4.70443515', f: 27781, l: 27783, T: 1498793709153, m: true });
/** The first minute of 2024, as the documents show a candle. */
const OPEN = 1_704_067_200_000;
const klineRow = (open: number) => [
  ...[open, '0.01634790', '0.80000000', '0.01575800', '0.01577100', '148976.11427815', open + 59_999],
  ...['2434.19055334', 308, '1756.87402397', '28.46694368', '0'],
];

describe.each([binance, binanceTestnet])('trade history of $id', (venue) => {
  it('requests trades by id, and no more than the range holds', () => {
    expect(trades(venue).page(100, 5000, 0)).toMatchObject({
      path: '/api/v3/historicalTrades?symbol=BTCUSDT&fromId=100&limit=1000',
      weight: 25,
    });
    expect(trades(venue).page(100, 119, 0).path).toContain('&fromId=100&limit=20');
  });

  it('parses only the trades of the requested range into backfill records, each with its trade id as place', () => {
    const page = trades(venue)
      .page(28457, 28458, 0)
      .parse([tradeRow(28457), tradeRow(28458), tradeRow(28459)]);
    expect(page.next).toBe(28460);
    expect(page.rows.map(({ place }) => place)).toEqual([28457, 28458]);
    expect(page.rows[0]?.record).toEqual({
      kind: 'trade',
      venue: venue.id,
      ...COMMON,
      price: '4.000001',
      quantity: '12',
      isBuyerMaker: true,
      timestamp: 1499865549590,
      eventTime: null,
      tradeId: '28457',
      lastTradeId: null,
      conditions: [],
      source: 'backfill',
      timestampUs: null,
    });
  });

  it('leaves out and reports unreadable rows, and continues after them', () => {
    const bad: string[] = [];
    const rows: readonly unknown[] = [
      { ...tradeRow(7), price: null },
      tradeRow(8),
      null,
      tradeRow(10),
      { ...tradeRow(11), id: 'x' },
      {},
    ];
    const page = trades(venue)
      .page(7, 2000, 0)
      .parse(rows, ({ field }, row) => bad.push(`${field} of row ${rows.indexOf(row)}`));
    expect(page.rows.map(({ place }) => place)).toEqual([8, 10]);
    expect(page.next).toBe(13);
    expect(bad).toEqual(['[0].price of row 0', '[2] of row 2', '[4].id of row 4', '[5].price of row 5']);
  });

  it('fails for a page without a readable row, and reports none of its rows', () => {
    const report = vi.fn();
    expect(() => trades(venue).page(7, 9, 0).parse([{}, null], report)).toThrow('[0].price is missing');
    expect(() =>
      trades(venue)
        .page(7, 9, 0)
        .parse({ 0: tradeRow(7) }, report),
    ).toThrow('not an array');
    expect(report).not.toHaveBeenCalled();
  });

  it('continues from the same id after an empty page', () => {
    expect(trades(venue).page(7, 9, 0).parse([])).toEqual({ rows: [], next: 7 });
  });

  it('finds the first trade from a time on with a request for one aggregated trade', () => {
    const request = trades(venue).firstFrom(1498793709153);
    expect(request).toMatchObject({
      path: '/api/v3/aggTrades?symbol=BTCUSDT&startTime=1498793709153&limit=1',
      weight: 4,
    });
    expect([request.parse([aggRow(26129)]), request.parse([])]).toEqual([27781, undefined]);
  });

  it('finds the latest trade, and uses its id as its position in the series', () => {
    expect(trades(venue).latest).toMatchObject({ path: '/api/v3/trades?symbol=BTCUSDT&limit=1', weight: 25 });
    expect(trades(venue).latest.parse([tradeRow(28457)])).toBe(28457);
    expect(trades(venue).placeOf(tradeEvent(28457))).toBe(28457);
    expect(trades(venue).step(28457, -7)).toBe(28450);
  });

  it.each([
    ['price', { price: 4 }],
    ['qty', { qty: '0' }],
    ['id', { id: '28457' }],
    ['time', { time: undefined }],
    ['isBuyerMaker', { isBuyerMaker: 1 }],
  ])('rejects a trade with an invalid %s, and names the field', (field, wrong) => {
    const read = () =>
      trades(venue)
        .page(1, 2, 0)
        .parse([{ ...tradeRow(1), ...wrong }]);
    expect(read).toThrow(expect.objectContaining({ kind: 'malformed', field: `[0].${field}` }));
  });
});

it('Binance US offers no trade history without an API key, and refers to agg_trades', () => {
  expect(binanceUs.history?.trades).toBeUndefined();
  expect(binanceUs.history?.whyNoTrades).toMatch(/API key.*agg_trades/);
});

describe.each([
  [binance, 4],
  [binanceTestnet, 4],
  [binanceUs, 1],
] as const)('aggregated trade history of $id', (venue, weight) => {
  it('requests aggregated trades by their ids, and returns exact backfill records', () => {
    const request = aggTrades(venue).page(26129, 40_000, 0);
    expect(request).toMatchObject({ path: '/api/v3/aggTrades?symbol=BTCUSDT&fromId=26129&limit=1000', weight });
    expect(request.parse([aggRow(26129)])).toEqual({
      next: 26130,
      rows: [
        {
          place: 26129,
          record: {
            kind: 'agg_trade',
            venue: venue.id,
            ...COMMON,
            price: '0.01',
            quantity: '4.70443515',
            isBuyerMaker: true,
            timestamp: 1498793709153,
            eventTime: null,
            tradeId: '27781',
            firstTradeId: '27781',
            lastTradeId: '27783',
            conditions: ['aggregated'],
            source: 'backfill',
            timestampUs: null,
          },
        },
      ],
    });
  });

  it('finds the position of a record by its time and trade ids', () => {
    const request = aggTrades(venue).placeOf(aggTrade(27781, 27783, { timestamp: 1498793709153 }));
    if (typeof request === 'number') throw new Error('a place');
    expect(request.path).toBe('/api/v3/aggTrades?symbol=BTCUSDT&startTime=1498793709153&limit=1000');
    const other = { ...aggRow(26128), f: 27780, l: 27780 };
    expect(request.parse([other, aggRow(26129)])).toBe(26129);
    expect(request.parse([other])).toBeUndefined();
  });

  it('requests the first aggregated trade from a time on, and the latest one', () => {
    expect(aggTrades(venue).firstFrom(5).path).toBe('/api/v3/aggTrades?symbol=BTCUSDT&startTime=5&limit=1');
    expect(
      aggTrades(venue)
        .firstFrom(5)
        .parse([aggRow(1)]),
    ).toBe(1);
    expect(aggTrades(venue).latest.path).toBe('/api/v3/aggTrades?symbol=BTCUSDT&limit=1');
    expect(aggTrades(venue).latest.parse([])).toBeUndefined();
  });
});

describe.each([
  [binance, 2],
  [binanceTestnet, 2],
  [binanceUs, 1],
] as const)('kline history of $id', (venue, weight) => {
  const page = (rows: readonly unknown[], to: number, nowMs: number) => klines(venue).page(OPEN, to, nowMs).parse(rows);

  it('requests klines by open time', () => {
    expect(klines(venue).page(OPEN, OPEN + 120_000, 0)).toMatchObject({
      path: `/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=${OPEN}&endTime=${OPEN + 120_000}&limit=1000`,
      weight,
    });
  });

  it('returns exact decimals, and a kline as closed only after its close time', () => {
    const record = (nowMs: number) => page([klineRow(OPEN)], OPEN, nowMs).rows[0]?.record;
    expect(record(OPEN + 60_000)).toEqual({
      kind: 'kline',
      venue: venue.id,
      ...COMMON,
      interval: '1m',
      timestamp: OPEN + 59_999,
      openTime: OPEN,
      closeTime: OPEN + 59_999,
      open: '0.0163479',
      high: '0.8',
      low: '0.015758',
      close: '0.015771',
      volume: '148976.11427815',
      quoteVolume: '2434.19055334',
      takerBuyVolume: '1756.87402397',
      takerBuyQuoteVolume: '28.46694368',
      tradeCount: 308,
      closed: true,
    });
    expect(record(OPEN + 59_999)).toMatchObject({ closed: false, timestamp: OPEN + 59_999 });
    expect(record(OPEN + 30_000.7)).toMatchObject({ closed: false, timestamp: OPEN + 30_000 });
  });

  it('continues after the last kline of a full page, and after the range if the page is shorter', () => {
    const rows = Array.from({ length: 1000 }, (_, index) => klineRow(OPEN + index * 60_000));
    const to = OPEN + 5000 * 60_000;
    expect(page(rows, to, 0).next).toBe(OPEN + 999 * 60_000 + 1);
    expect(page(rows.slice(1), to, 0).next).toBe(to + 1);
  });

  it('counts unreadable klines to a full page, and continues after them', () => {
    const rows: unknown[] = Array.from({ length: 1000 }, (_, index) => klineRow(OPEN + index * 60_000));
    rows[0] = null;
    rows[999] = [];
    const { rows: read, next } = page(rows, OPEN + 5000 * 60_000, 0);
    expect([read.length, next]).toEqual([998, OPEN + 999 * 60_000 + 1]);
  });

  it('uses the open time of a kline as its position in the series', () => {
    expect(klines(venue).placeOf(kline(OPEN, OPEN + 1))).toBe(OPEN);
    expect(klines(venue).step(OPEN, 2)).toBe(OPEN + 120_000);
    expect(
      klines(venue)
        .firstFrom(OPEN)
        .parse([klineRow(OPEN)]),
    ).toBe(OPEN);
    expect(klines(venue).latest.parse([klineRow(OPEN)])).toBe(OPEN);
  });

  it.each([1, 2, 3, 4, 5, 7])('rejects a number instead of text in column %i, and names the column', (column) => {
    expect(() => page([klineRow(OPEN).with(column, 1.5)], OPEN, 0)).toThrow(
      expect.objectContaining({ kind: 'malformed', field: `[0].${column}` }),
    );
  });
});

it('Binance offers klines of one second, and Binance US does not', () => {
  expect(binanceUs.history?.intervals).not.toContain('1s');
  expect(binance.history?.intervals).toContain('1s');
});
