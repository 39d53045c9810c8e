import { expect, it } from 'vitest';
import { TOPICS } from '../../src/codec/topics.ts';
import { AvroFileSink } from '../../src/sinks/avro-file/sink.ts';
import { SimulatedGateway } from '../../testing/feeds/simulated-gateway.ts';
import { runPython } from '../../testing/tools/python.ts';
import { until } from '../../testing/tools/until.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';

const HISTORY = 250;
const QUANTITIES = '0.001,1,250,1000000';
const LEVELS = 10;

interface Figures {
  readonly [figure: string]: unknown;
  readonly flow: Readonly<Record<string, object>>;
  readonly impacts: Readonly<Record<string, object[]>>;
  readonly candles: Readonly<Record<string, object[]>>;
  readonly windows: object[];
}

it('the gateway returns the numbers that a Python program computes from the published records', async () => {
  await using simulated = await SimulatedGateway.start({ withSnapshots: false, historyTrades: HISTORY });
  const { feed, url } = simulated;
  const trades = () => feed.of('trade').filter(({ symbol }) => symbol === 'BTCUSDT').length;
  await until(() => trades() > 2.5 * HISTORY, { timeoutMs: 60_000, message: () => `trades; there are ${trades()}` });
  feed.feed.stop('enough for this test');

  const dir = await testFolder();
  const sink = new AvroFileSink({ dir, rotateMb: 64, codec: 'null', now: () => 0 });
  await sink.open();
  for (const { kind, name } of TOPICS)
    await sink.write(feed.of(kind).map((record) => ({ topic: name, key: '', record })));
  await sink.close();
  const { stdout, stderr } = await runPython('gateway_figures.py', [
    ...[dir, 'BTCUSDT', '--history', String(HISTORY), '--quantities', QUANTITIES, '--levels', String(LEVELS)],
  ]);
  expect(stderr).toBe('');
  const wanted = JSON.parse(stdout) as Figures;

  const get = async (path: string) => {
    const answer = await fetch(`${url}/api/assets/crypto/BTC/${path}`);
    expect([path, answer.status]).toEqual([path, 200]);
    return (await answer.json()) as Record<string, unknown> & { readonly klines: object[] };
  };
  expect((await get('')).price).toBe(wanted.price);
  const { trades: latest } = (await get('trades?limit=50')) as unknown as { trades: { trade_id: string }[] };
  expect(latest.map(({ trade_id: id }) => id)).toEqual(wanted.trade_ids);
  for (const [count, figures] of Object.entries(wanted.flow))
    expect((await get(`trade-flow?window=${count}`)).figures).toEqual(figures);
  expect((await get('volume-profile?bins=13')).profile).toEqual(wanted.profile);
  const large = (await get('large-trades?threshold=3')).large_trades as Record<string, unknown>[];
  expect(large.map(({ trade_id, average_quantity, multiple }) => ({ trade_id, average_quantity, multiple }))).toEqual(
    wanted.large_trades,
  );
  expect(large.length).toBeGreaterThan(0);
  expect((await get('trade-stats?window=1000&limit=1000')).windows).toEqual(wanted.windows.slice(0, 120));
  expect(await get(`depth-summary?levels=${LEVELS}`)).toMatchObject({
    ...{ update_id: wanted.update_id, figures: wanted.book },
    ...{ levels_known: wanted.levels_known, price_range: wanted.price_range },
  });
  expect(wanted.levels_known).toBeGreaterThan(feed.of('order_book').at(-1)?.bids.length ?? Number.NaN);
  expect((await get('depth-distribution')).bands).toEqual(wanted.bands);
  for (const [side, impacts] of Object.entries(wanted.impacts))
    expect((await get(`price-impact?side=${side}&quantities=${QUANTITIES}`)).impacts).toEqual(impacts);
  expect((await get('klines?interval=1m&limit=1000')).klines).toMatchObject(wanted.candles['1'] ?? []);
  const longer = (await get('klines?interval=5m&limit=1000')).klines;
  const known = wanted.candles['5'] ?? [];
  expect(longer).toMatchObject(known.slice(known.length - longer.length));
});
