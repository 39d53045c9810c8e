import { expect, it } from 'vitest';
import { toJson } from '../../../src/codec/json-view.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { Kline } from '../../../src/domain/record.ts';
import type { PastKlinesWanted } from '../../../src/gateway/view/kline-history.ts';
import { openTimeOf } from '../../../src/market/candles/kline-interval.ts';
import { kline } from '../../../testing/judges/events.ts';
import { NOW } from '../../../testing/records/gateway-records.ts';
import { gatewayUnderTest } from '../gateway-under-test.ts';

const KLINES = '/api/assets/crypto/BTC/klines';
const MINUTE = 60_000;
const OPEN = openTimeOf('1m', NOW);
const SERIES = { venue: 'bybit', environment: 'simulated', epoch: 3 } as const;

const minute = (count: number, fields: Partial<Kline> = {}): Kline =>
  kline(OPEN + count * MINUTE, NOW, { ...SERIES, closed: count < 0, ...fields });

/** A gateway that holds the last three minutes, and a venue that has all candles. */
async function withVenue(answer?: (wanted: PastKlinesWanted) => Promise<readonly Kline[]>) {
  const asked: PastKlinesWanted[] = [];
  const every = ({ from, to, interval }: PastKlinesWanted): Kline[] => {
    const rows: Kline[] = [];
    const step = interval === '1d' ? 1440 * MINUTE : MINUTE;
    for (let openTime = from; openTime <= to; openTime += step)
      rows.push(kline(openTime, openTime, { ...SERIES, epoch: 0, interval, closed: openTime + step < NOW }));
    return rows;
  };
  const under = await gatewayUnderTest(
    {},
    {
      fetchPastKlines: async (wanted) => {
        asked.push(wanted);
        return answer === undefined ? every(wanted) : answer(wanted);
      },
    },
  );
  under.publish(minute(-2), minute(-1), minute(0));
  const klines = async (query: string): Promise<readonly unknown[]> =>
    (await under.json(`${KLINES}?${query}`)).klines as readonly unknown[];
  return { ...under, asked, klines };
}

it('answers from memory while it holds all requested candles', async () => {
  const { klines, asked } = await withVenue();
  expect(await klines(`before=${OPEN}&limit=2`)).toEqual([minute(-2), minute(-1)].map(toJson));
  expect(await klines(`before=${NOW + MINUTE}&limit=3`)).toEqual([minute(-2), minute(-1), minute(0)].map(toJson));
  expect(await klines('limit=500')).toHaveLength(3);
  expect(asked).toEqual([]);
});

it('asks the venue for candles that it does not hold, and gives them the epoch of the series', async () => {
  const { klines, asked } = await withVenue();
  const got = await klines(`before=${OPEN}&limit=4`);
  expect(asked).toEqual([
    { venue: 'bybit', symbol: 'BTCUSDT', coin: 'BTC', interval: '1m', from: OPEN - 4 * MINUTE, to: OPEN - MINUTE },
  ]);
  expect(got).toHaveLength(4);
  expect(got[0]).toMatchObject({ open_time: OPEN - 4 * MINUTE, epoch: 3, closed: true });
  const days = await klines(`interval=1d&before=${NOW + 1}&limit=3`);
  expect(days).toMatchObject([{ interval: '1d' }, { closed: true }, { closed: false }]);
});

it('asks once for the same old candles, and soon again for the newest ones', async () => {
  const { klines, asked, time } = await withVenue();
  const old = `before=${OPEN - 100 * MINUTE}&limit=5`;
  await Promise.all([klines(old), klines(old)]);
  await klines(old);
  expect(asked).toHaveLength(1);
  const newest = `interval=1d&before=${NOW + 1}&limit=2`;
  await klines(newest);
  await klines(newest);
  expect(asked).toHaveLength(2);
  time.pass(5000);
  await klines(newest);
  await klines(old);
  expect(asked).toHaveLength(3);
});

it('says what the venue answered when it refuses, and asks again for the next request', async () => {
  const { json, asked } = await withVenue(async () => {
    throw new Fault('region_blocked', 'api.bybit.com: HTTP 451: not available in your country');
  });
  const path = `${KLINES}?before=${OPEN - MINUTE * 10}`;
  expect(await json(path, 502)).toMatchObject({
    error: 'venue_failed',
    message: 'the candles of BTCUSDT at bybit: api.bybit.com: HTTP 451: not available in your country',
    details: { symbol: 'BTCUSDT', venue: 'bybit', interval: '1m' },
  });
  await json(path, 502);
  expect(asked).toHaveLength(2);
});

it('refuses candles of another environment than its data', async () => {
  const { json } = await withVenue(async ({ from }) => [kline(from, from, { ...SERIES, environment: 'production' })]);
  expect(await json(`${KLINES}?before=${OPEN - MINUTE * 10}`, 502)).toMatchObject({
    message: expect.stringContaining('found candles of environment production, allowed: simulated'),
  });
});

it('refuses a request while four others wait for venues', async () => {
  const answered = Promise.withResolvers<readonly Kline[]>();
  const { json, klines, asked } = await withVenue(() => answered.promise);
  const waiting = [1, 2, 3, 4].map((count) => klines(`before=${OPEN - count * 1000 * MINUTE}`));
  await expect.poll(() => asked.length).toBe(4);
  expect(await json(`${KLINES}?before=${OPEN - 9000 * MINUTE}`, 503)).toMatchObject({ error: 'venue_busy' });
  answered.resolve([]);
  expect(await Promise.all(waiting)).toEqual([[], [], [], []]);
});

it('refuses a time that is no whole number of milliseconds', async () => {
  const { json } = await withVenue();
  expect(await json(`${KLINES}?before=yesterday`, 400)).toMatchObject({ details: { field: 'before' } });
});
