import { describe, expect, it } from 'vitest';
import { VirtualVenue } from './virtual-venue.ts';

interface TradeRow {
  readonly id: number;
  readonly price: string;
  readonly qty: string;
  readonly time: number;
  readonly isBuyerMaker: boolean;
}

interface AggRow {
  readonly a: number;
  readonly f: number;
  readonly l: number;
  readonly T: number;
}

type Kline = readonly [
  open: number,
  first: string,
  high: string,
  low: string,
  close: string,
  volume: string,
  end: number,
  quote: string,
  trades: number,
];

const START = Date.UTC(2026, 10, 21, 8, 30, 30);
const MINUTE = 60_000;

function running(rate = 100): VirtualVenue {
  const venue = new VirtualVenue('binance', rate, 1);
  venue.run(90_000);
  return venue;
}

function get<T>(venue: VirtualVenue, path: string): T {
  const { status, body } = venue.rest(`/api/v3/${path}`);
  expect(status).toBe(200);
  return body as T;
}

function consecutive(ids: readonly (number | undefined)[]): void {
  expect(ids).toEqual(ids.map((_, i) => (ids[0] ?? 0) + i));
}

describe('simulated Binance: REST history', () => {
  it('pages trades by id from before the start to the latest trade without a gap', () => {
    const venue = running();
    const first = venue.btc.trades.at(0).id;
    const all: TradeRow[] = [];
    for (let from = first - 1_500; ; from = (all.at(-1)?.id ?? 0) + 1) {
      const page = get<TradeRow[]>(venue, `historicalTrades?symbol=BTCUSDT&fromId=${from}&limit=1000`);
      all.push(...page);
      if (page.length < 1_000) break;
    }
    expect([all[0]?.id, all.at(-1)?.id]).toEqual([first - 1_500, venue.btc.nextTradeId - 1]);
    consecutive(all.map(({ id }) => id));
    const times = all.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBe(START - 1_500_000);
    expect(all.every(({ price, qty }) => Number(price) > 0 && Number(qty) > 0)).toBe(true);
  });

  it('completes the latest trades with trades from before the start', () => {
    const venue = new VirtualVenue('binance', 100, 1);
    venue.run(200);
    for (const path of ['trades', 'historicalTrades']) {
      const rows = get<TradeRow[]>(venue, `${path}?symbol=BTCUSDT&limit=300`);
      expect([rows.length, rows.at(-1)?.id]).toEqual([300, venue.btc.nextTradeId - 1]);
      consecutive(rows.map(({ id }) => id));
    }
    const rows = get<AggRow[]>(venue, 'aggTrades?symbol=BTCUSDT');
    expect([rows.length, rows.at(-1)?.l]).toEqual([500, venue.btc.nextTradeId - 1]);
    consecutive(rows.map(({ a }) => a));
  });

  it('returns the aggregated trades of a time range, oldest first, with both ends inclusive', () => {
    const venue = running(150);
    const whole = get<AggRow[]>(
      venue,
      `aggTrades?symbol=BTCUSDT&fromId=${venue.btc.trades.at(0).group - 300}&limit=1000`,
    );
    expect(whole).toHaveLength(1_000);
    consecutive(whole.map(({ a }) => a));
    expect(whole.slice(1).map(({ f }) => f)).toEqual(whole.slice(0, -1).map(({ l }) => l + 1));
    const times = whole.map(({ T }) => T);
    // Ranges before the simulator's start, across it, and after it. Many trades have the time at which a range begins
    // or ends.
    for (const [from, to] of [
      [5, 200],
      [290, 600],
      [400, 900],
    ] as const) {
      const [startTime, endTime] = [times[from] as number, times[to] as number];
      const wanted = whole.filter(({ T }) => T >= startTime && T <= endTime);
      const query = `aggTrades?symbol=BTCUSDT&startTime=${startTime}&endTime=${endTime}`;
      expect(get<AggRow[]>(venue, `${query}&limit=1000`)).toEqual(wanted);
      expect(get<AggRow[]>(venue, `${query}&limit=7`)).toEqual(wanted.slice(0, 7));
    }
    const endTime = times[100] as number;
    expect(get<AggRow[]>(venue, `aggTrades?symbol=BTCUSDT&endTime=${endTime}&limit=50`)).toEqual(whole.slice(51, 101));
  });

  it('returns no incomplete aggregated trade when the oldest trades are forgotten', () => {
    const venue = new VirtualVenue('binance', 10_000, 1);
    const { trades } = venue.btc;
    venue.run(3_000);
    expect(trades.first).toBeGreaterThan(0);
    const [oldest] = get<AggRow[]>(venue, `aggTrades?symbol=BTCUSDT&fromId=${trades.at(trades.first).group}&limit=1`);
    expect(oldest?.f).toBeGreaterThan(trades.at(trades.first).id);
    expect(oldest?.a).toBe(trades.at(trades.first).group + 1);
  });

  it('returns candles that match the trades of their minute before, across and after the start', () => {
    const venue = running();
    venue.run(1_000);
    const from = START - 3 * MINUTE - 30_000;
    const klines = get<Kline[]>(venue, `klines?symbol=BTCUSDT&interval=1m&startTime=${from}&limit=1000`);
    expect(klines.map(([open]) => open)).toEqual([0, 1, 2, 3, 4, 5].map((i) => from + i * MINUTE));
    const rows: TradeRow[] = [];
    for (let id = venue.btc.trades.at(0).id - 210; id < venue.btc.nextTradeId; id = (rows.at(-1)?.id ?? 0) + 1)
      rows.push(...get<TradeRow[]>(venue, `historicalTrades?symbol=BTCUSDT&fromId=${id}&limit=1000`));
    for (const [open, first, high, low, close, volume, end, , count] of klines) {
      const own = rows.filter(({ time }) => time >= open && time <= end);
      const prices = own.map(({ price }) => price);
      const sum = own.reduce((total, { qty }) => total + Math.round(Number(qty) * 1e5), 0);
      expect([first, close, count, Math.round(Number(volume) * 1e5)]).toEqual([
        prices[0],
        prices.at(-1),
        own.length,
        sum,
      ]);
      const sorted = [...prices].sort((a, b) => Number(a) - Number(b));
      expect([low, high]).toEqual([sorted[0], sorted.at(-1)]);
    }
  });

  it('limits candles by startTime, by endTime and by the opening of the market', () => {
    const venue = running();
    const open = (path: string) => get<Kline[]>(venue, `klines?symbol=BTCUSDT&${path}`).map(([time]) => time);
    const five = START - 30_000 - 25 * MINUTE;
    expect(open(`interval=5m&startTime=${five}&endTime=${five + 15 * MINUTE}`)).toEqual(
      [0, 1, 2, 3].map((i) => five + i * 5 * MINUTE),
    );
    expect(open(`interval=5m&startTime=${five + 1}&endTime=${five + 10 * MINUTE - 1}`)).toEqual([five + 5 * MINUTE]);
    expect(open('interval=1m')).toHaveLength(500);
    const days = open('interval=1d&startTime=0&limit=1000');
    expect(days.length).toBeGreaterThan(300);
    expect(days.length).toBeLessThan(500);
  });

  it.each([
    ['klines?symbol=BTCUSDT', -1102],
    ['klines?symbol=BTCUSDT&interval=7m', -1120],
    ['klines?symbol=NOPEUSDT&interval=1m', -1121],
    ['klines?symbol=BTCUSDT&interval=1m&startTime=yesterday', -1100],
    ['klines?symbol=BTCUSDT&interval=1m&limit=0', -1130],
    ['historicalTrades?symbol=BTCUSDT&fromId=-1', -1100],
    ['aggTrades?fromId=1', -1102],
    ['aggTrades?symbol=BTCUSDT&fromId=1&startTime=2', -1128],
  ])('refuses %s with code %i', (path, code) => {
    const { status, body } = new VirtualVenue('binance').rest(`/api/v3/${path}`);
    expect([status, (body as { code: number }).code]).toEqual([400, code]);
  });

  it('refuses an aggTrades range of one hour at Binance US only', () => {
    const span = `aggTrades?symbol=BTCUSDT&startTime=${START - 60 * MINUTE}&endTime=${START}`;
    expect(new VirtualVenue('binance').rest(`/api/v3/${span}`).status).toBe(200);
    expect(new VirtualVenue('binance_us').rest(`/api/v3/${span}`)).toMatchObject({
      status: 400,
      body: { code: -1127 },
    });
    expect(new VirtualVenue('binance_us').rest(`/api/v3/${span}`.replace(`${START}`, `${START - 1}`)).status).toBe(200);
  });

  it.each([
    ['historicalTrades?symbol=BTCUSDT', 25],
    ['trades?symbol=BTCUSDT', 25],
    ['aggTrades?symbol=BTCUSDT', 4],
    ['klines?symbol=BTCUSDT&interval=1m', 2],
  ])('counts the request %s with a weight of %i', (path, weight) => {
    const venue = new VirtualVenue('binance');
    venue.rest(`/api/v3/${path}`);
    expect(venue.rest(`/api/v3/${path}`).headers['X-MBX-USED-WEIGHT-1M']).toBe(`${2 * weight}`);
  });

  it('returns no trades from before a testnet reset, and starts again at id 1', () => {
    const venue = new VirtualVenue('binance_testnet', 100, 1);
    venue.run(1_000);
    venue.fault({ fault: 'testnet_reset' });
    expect(get<TradeRow[]>(venue, 'trades?symbol=BTCUSDT')).toEqual([]);
    venue.run(1_000);
    const rows = get<TradeRow[]>(venue, 'historicalTrades?symbol=BTCUSDT&fromId=1&limit=1000');
    consecutive(rows.map(({ id }) => id));
    expect(rows[0]?.id).toBe(1);
  });
});

describe('simulated Bybit: REST history', () => {
  const kline = (venue: VirtualVenue, query: string) =>
    venue.rest(`/v5/market/kline?${query}`).body as {
      retCode: number;
      result: { symbol: string; list: string[][] };
    };
  const opens = (venue: VirtualVenue, query: string) =>
    kline(venue, `category=spot&symbol=BTCUSDT&interval=1&${query}`).result.list.map(([open]) => Number(open));

  it('returns candles newest first, 200 by default, at most 1000, both times inclusive', () => {
    const venue = new VirtualVenue('bybit', 100, 1);
    const last = START - 30_000;
    const back = (from: number, count: number) => Array.from({ length: count }, (_, i) => from - i * MINUTE);
    expect(opens(venue, '')).toEqual(back(last, 200));
    expect(opens(venue, 'limit=1000')).toEqual(back(last, 1_000));
    expect(opens(venue, 'limit=5000')).toHaveLength(1_000);
    expect(opens(venue, `start=${last - 9 * MINUTE}&end=${last - 5 * MINUTE}`)).toEqual(back(last - 5 * MINUTE, 5));
    expect(opens(venue, `start=${last - 9 * MINUTE}&end=${last}&limit=3`)).toEqual(back(last, 3));
    expect(opens(venue, `start=${last - 90 * MINUTE}&limit=3`)).toEqual(back(last - 88 * MINUTE, 3));
    expect(opens(venue, `start=${last - MINUTE}`)).toEqual(back(last, 2));
    expect(opens(venue, 'start=0&end=1000')).toEqual([]);
  });

  it('returns candles of seven fields whose volume equals the traded quantity', () => {
    const venue = new VirtualVenue('bybit', 100, 1);
    venue.run(2 * MINUTE);
    const [row = []] = kline(venue, `category=spot&symbol=BTCUSDT&interval=1&start=${START + 30_000}&limit=1`).result
      .list;
    const { trades } = venue.btc;
    let volume = 0;
    for (
      let n = trades.search(({ time }) => time >= START + 30_000);
      n < trades.search(({ time }) => time >= START + 90_000);
      n++
    )
      volume += trades.at(n).quantity;
    expect(row).toHaveLength(7);
    expect(Math.round(Number(row[5]) * 10 ** venue.btc.quantityDecimals)).toBe(volume);
  });

  it.each([
    'symbol=BTCUSDT&interval=1',
    'category=linear&symbol=BTCUSDT&interval=1',
    'category=spot&symbol=NOPE&interval=1',
    'category=spot&symbol=BTCUSDT',
    'category=spot&symbol=BTCUSDT&interval=7',
    'category=spot&symbol=BTCUSDT&interval=1&start=yesterday',
    'category=spot&symbol=BTCUSDT&interval=1&limit=many',
  ])('refuses %s with retCode 10001 and HTTP status 200', (query) => {
    const { status, body } = new VirtualVenue('bybit').rest(`/v5/market/kline?${query}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ retCode: 10001, result: {} });
  });

  it('returns the last 60 trades even if the limit is higher', () => {
    const venue = new VirtualVenue('bybit', 1_000, 1);
    venue.run(1_000);
    for (const limit of ['', '&limit=60', '&limit=1000']) {
      const { result } = venue.rest(`/v5/market/recent-trade?category=spot&symbol=BTCUSDT${limit}`).body as {
        result: { list: { execId: string; time: string }[] };
      };
      expect(result.list).toHaveLength(60);
      const ids = result.list.map(({ execId }) => execId);
      expect(ids).toEqual([...ids].sort().reverse());
    }
  });
});
