import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { newKafkaSink } from '../../testing/kafka/kafka-sink.ts';
import { until } from '../../testing/tools/until.ts';
import { fakeIo } from '../cli/fake-io.ts';

let environment: Readonly<Record<string, string>>;
let prefix: string;
beforeAll(async () => {
  prefix = `${randomUUID()}.`;
  environment = {
    MARKET_FEED__KAFKA__BROKERS: (await sharedBrokers()).join(','),
    MARKET_FEED__KAFKA__TOPIC_PREFIX: prefix,
    MARKET_FEED__KAFKA__PARTITIONS: '2',
    MARKET_FEED__FEED__VENUES: 'bybit',
  };
});

async function call(argv: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const io = fakeIo({ ...environment, ...more });
  const code = await dispatch([...argv, '--config', 'config/market-feed.yaml'], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

it('market-feed topics creates the topics once, and describes them with their differences', async () => {
  const before = await call(['topics', 'describe']);
  expect(before.code).toBe(1);
  expect(before.out).toMatch(new RegExp(`^${prefix}trades +! does not exist$`, 'm'));

  const created = await call(['topics', 'create']);
  expect([created.code, created.err]).toEqual([0, '']);
  expect(created.out).toContain(`created ${prefix}trades\n`);
  expect((await call(['topics', 'create'])).out).toContain('nothing to do');

  const described = await call(['topics', 'describe']);
  expect(described.code).toBe(0);
  expect(described.out).toMatch(
    new RegExp(`^${prefix}trades +2 partitions, 1 replica +0 records +delete +retention 7 d +LogAppendTime$`, 'm'),
  );
  expect(described.out).toMatch(new RegExp(`^${prefix}positions .* compact +retention for ever`, 'm'));

  const more = await call(['topics', 'describe'], { MARKET_FEED__KAFKA__PARTITIONS: '3' });
  expect(more.code).toBe(1);
  expect(more.out).toContain('! partitions: 2, not 3');
});

it('market-feed tail reads a topic from the beginning, from a time, or from the end', async () => {
  await call(['topics', 'create']);
  const { kafka } = loadConfig({ environment });
  const sink = newKafkaSink(kafka);
  await sink.open();
  const write = (id: number) => sink.write([{ topic: 'trades', key: 'BTCUSDT', record: tradeEvent(id) }]);
  const ids = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Number((JSON.parse(line) as { trade_id: string }).trade_id));
  try {
    await write(1);
    await write(2);
    expect(ids((await call(['tail', 'trades', '--from', 'beginning', '--json'])).out)).toEqual([1, 2]);
    expect(ids((await call(['tail', `${prefix}trades`, '--from', 'beginning', '--json', '--limit', '1'])).out)).toEqual(
      [1],
    );
    expect(ids((await call(['tail', 'trades', '--from', '2030-01-01', '--json'])).out)).toEqual([]);

    const stopping = new AbortController();
    const io = { ...fakeIo(environment), signal: stopping.signal };
    const running = dispatch(['tail', 'trades', '--json', '--config', 'config/market-feed.yaml'], io);
    let id = 3;
    await until(
      async () => {
        await write(id++);
        return io.out.text() !== '';
      },
      { everyMs: 200 },
    );
    stopping.abort('SIGTERM');
    expect(await running).toBe(0);
    expect(ids(io.out.text())[0]).toBeGreaterThan(2);
    expect(io.err.text()).toBe('');
  } finally {
    await sink.close();
  }
});

it('market-feed tail names the missing topic, and lists the existing topics', async () => {
  const none = { MARKET_FEED__KAFKA__TOPIC_PREFIX: `${randomUUID()}.` };
  const nothing = await call(['tail', 'trades', '--from', 'beginning'], none);
  expect(nothing.code).toBe(1);
  expect(nothing.err).toBe(
    `market-feed: tail: topic ${none.MARKET_FEED__KAFKA__TOPIC_PREFIX}trades does not exist at ${environment.MARKET_FEED__KAFKA__BROKERS?.replaceAll(',', ', ')}; there are: none that begins with "${none.MARKET_FEED__KAFKA__TOPIC_PREFIX}"\n`,
  );
  await call(['topics', 'create']);
  const simulated = await call(['tail', 'trades', '--from', 'beginning'], { MARKET_FEED__ENVIRONMENT: 'simulated' });
  expect(simulated.code).toBe(1);
  expect(simulated.err).toContain(`topic ${prefix}simulated.trades does not exist`);
  expect(simulated.err).toContain(`there are: ${prefix}trades, `);
});

it('market-feed topics describe counts records but no transaction markers, and tail reports an empty topic', async () => {
  const more = { MARKET_FEED__KAFKA__TOPIC_PREFIX: `${randomUUID()}.` };
  const { kafka } = loadConfig({ environment: { ...environment, ...more } });
  for (const id of [1, 2]) {
    const sink = newKafkaSink(kafka);
    await sink.open();
    await sink.write([{ topic: 'trades', key: 'BTCUSDT', record: tradeEvent(id) }]);
    await sink.close();
  }
  const { out } = await call(['topics', 'describe'], more);
  expect(out).toMatch(/^\S+\.trades .* 2 records /m);
  expect(out).toMatch(/^\S+\.gaps .* 0 records /m);
  const empty = await call(['tail', 'gaps', '--from', 'beginning', '--limit', '1'], more);
  expect([empty.code, empty.out]).toEqual([1, '']);
  expect(empty.err).toMatch(/^market-feed: tail: topic \S+\.gaps at \S+ is empty; topics with records: \S+\.trades\n$/);
});

it('market-feed topics exits with 1 if no broker answers', async () => {
  const { code, err } = await call(['topics', 'describe'], { MARKET_FEED__KAFKA__BROKERS: '127.0.0.1:1' });
  expect(code).toBe(1);
  expect(err).toContain('127.0.0.1:1');
});
