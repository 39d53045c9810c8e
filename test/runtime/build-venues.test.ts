import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { shardOf } from '../../src/cluster/shard-of.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import { buildVenues } from '../../src/runtime/build-venues.ts';
import { VenueAccess } from '../../src/runtime/venue-access.ts';
import { SteppedScheduler } from '../venues/stepped-scheduler.ts';

const COINS = ['A', 'B', 'C', 'D', 'E', 'F'];

/** The answers of Bybit: all of COINS, each with more volume than the next, and in each list one invalid row. */
function answerOf(path: string): object {
  const list = path.includes('tickers')
    ? [null, ...COINS.map((coin, index) => ({ symbol: `${coin}USDT`, turnover24h: String(100 - index) }))]
    : [...COINS.map((coin) => ({ symbol: `${coin}USDT`, baseCoin: coin, quoteCoin: 'USDT', status: 'Trading' })), {}];
  return { retCode: 0, retMsg: 'OK', result: { list } };
}

it('the shards of a process request the volumes once, and split the most traded coins', async () => {
  const config = loadConfig({ values: { coins: { all: true, top_by_volume: 4 }, feed: { venues: ['bybit'] } } });
  const scheduler = new SteppedScheduler();
  const asked: string[] = [];
  const get = async (url: string) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    return { status: 200, headers: {}, body: JSON.stringify(answerOf(pathname)) };
  };
  const malformed: [VenueId, string, number][] = [];
  const access = new VenueAccess(config, {
    scheduler,
    networks: () => ({ get }) as never,
    onMalformedRows: (...published) => malformed.push(published),
  });
  const shards = [0, 1, 2].map(async (shard) => {
    const follows = (symbol: string) => shardOf(symbol, 3) === shard;
    const [venue] = buildVenues(config, { scheduler, wallClockMs: () => 0, access, follows });
    const { listed$, all } = venue?.options ?? {};
    if (listed$ === undefined || !all?.ours) throw new Error('the list is followed');
    return (await firstValueFrom(listed$.pipe(all.ours))).map(({ base }) => base);
  });
  const followed = await Promise.all(shards);
  expect(followed.flat().sort()).toEqual(['A', 'B', 'C', 'D']);
  expect(asked.filter((path) => path.includes('tickers'))).toHaveLength(1);
  // The list of instruments is fetched together with the volumes, by each shard.
  expect(malformed.filter(([, list]) => list === 'volumes')).toEqual([['bybit', 'volumes', 1]]);
  expect(malformed.filter(([, list]) => list === 'instruments')).toEqual(Array(4).fill(['bybit', 'instruments', 1]));
});
