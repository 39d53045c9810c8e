import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncScheduler } from 'rxjs';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { TOPICS } from '../../src/codec/topics.ts';
import { Fault } from '../../src/domain/fault.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { fetchTopic } from '../../src/kafka/reading/fetch-topic.ts';
import { readTopic } from '../../src/kafka/reading/read-topic.ts';
import { SinkDriver } from '../../src/sinks/driver/sink-driver.ts';
import { sharedBrokers, sharedRegistry } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { newKafkaSink } from '../../testing/kafka/kafka-sink.ts';
import { startRegistryDoor } from '../../testing/kafka/registry-door.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { newAuthority } from '../../testing/tools/certificates.ts';
import { runPython } from '../../testing/tools/python.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { short, tick, trade } from '../sinks/fake-sink.ts';

const quiet = () => {};
let brokers: string[];
let registry: string;
beforeAll(async () => {
  brokers = await sharedBrokers();
  registry = await sharedRegistry();
});

/** Makes a configuration for the brokers, with few partitions. */
const configOf = (over: Partial<KafkaConfig>) => kafkaConfig(brokers, { partitions: 2, ...over });

const schemaRegistry = (url: string, register = true) => ({ url, register, user: null, password: null, caFile: null });

async function register(subject: string, schema: object): Promise<void> {
  const { status } = await fetch(`${registry}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  expect(status).toBe(200);
}

/** A schema that a trade must never have: its price is a double, which is rounded. */
const DOUBLE_PRICE = { type: 'record', name: 'TradeEvent', fields: [{ name: 'price', type: 'double' }] };

async function valuesIn(config: KafkaConfig, topic: string): Promise<Buffer[]> {
  const values: Buffer[] = [];
  for await (const messages of fetchTopic(config, topic, { from: 'beginning', follow: false }, quiet))
    values.push(...messages.flatMap(({ value }) => (value instanceof Buffer ? value : [])));
  return values;
}

function drainTo(config: KafkaConfig) {
  const states: string[] = [];
  const sink = newKafkaSink(config);
  const driver = new SinkDriver(sink, {
    scheduler: asyncScheduler,
    onState: (state, reason) => states.push(`${state}: ${reason}`),
  });
  return { driver, states };
}

describe('the Kafka sink with a schema registry', () => {
  it('registers its schemas, and writes records that Python and readTopic decode by schema id', async () => {
    const of = configOf({ topicPrefix: `${randomUUID()}.`, schemaRegistry: schemaRegistry(registry) });
    const { driver } = drainTo(of);
    for (let id = 1; id <= 100; id++) driver.push(trade(id));
    driver.push(tick('61837.63'));
    await driver.opened;
    expect(await driver.close({ timeoutMs: 10_000 })).toEqual({ undelivered: 0, spilled: 0 });

    const topic = `${of.topicPrefix}trades`;
    const { stdout, stderr, code } = await runPython('read_topic.py', [
      ...['--brokers', brokers.join(','), '--topic', topic, '--registry', registry],
    ]);
    expect(code, stderr).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { record: { trade_id: string; price: string } });
    expect(lines.map(({ record }) => Number(record.trade_id))).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
    expect(lines[0]?.record.price).toBe('61837.63');

    const seen: string[] = [];
    for await (const { record } of readTopic(of, topic, { from: 'beginning', follow: false }, quiet)) {
      seen.push(record instanceof Fault ? record.message : short({ topic, key: '', record }));
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => `t${index + 1}`));

    const again = drainTo({ ...of, schemaRegistry: schemaRegistry(registry, false) });
    await again.driver.opened;
    await again.driver.close({ timeoutMs: 1000 });
  });

  it('does not open if registration is off and its schemas are missing', async () => {
    const of = configOf({
      topicPrefix: `${randomUUID()}.`,
      schemaRegistry: schemaRegistry(registry, false),
    });
    const { driver, states } = drainTo(of);
    await expect(driver.opened).rejects.toThrow(
      `our schema TradeEvent is not under the subject ${of.topicPrefix}trades-value: run market-feed schemas register`,
    );
    expect(states[0]).toContain('down: schema registry: our schema TradeEvent is not under');
    await driver.close({ timeoutMs: 0 });
  });

  it('refuses an incompatible schema change before it writes anything', async () => {
    const of = configOf({ topicPrefix: `${randomUUID()}.`, schemaRegistry: schemaRegistry(registry) });
    await register(`${of.topicPrefix}trades-value`, DOUBLE_PRICE);
    const { driver, states } = drainTo(of);
    driver.push(trade(1));
    await expect(driver.opened).rejects.toMatchObject({
      retry: { kind: 'never' },
      message: expect.stringContaining(
        `our schema TradeEvent is not compatible with the subject ${of.topicPrefix}trades-value: cannot read records of version 1`,
      ),
    });
    expect(states).toHaveLength(1);
    expect(await driver.close({ timeoutMs: 0 })).toEqual({ undelivered: 1, spilled: 0 });
    expect(await valuesIn(of, `${of.topicPrefix}trades`)).toEqual([]);
    const versions = await fetch(`${registry}/subjects/${of.topicPrefix}trades-value/versions`);
    expect(await versions.json()).toEqual([1]);
  });

  it('asks a registry over TLS with a login only for new schemas, and waits while it is away', async () => {
    const authority = newAuthority('the registry authority');
    const folder = await temporaryFolder();
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, authority.certificate);
    const login = { user: 'feed', password: 'geheim' };
    const door = await startRegistryDoor(registry, authority.issue('registry'), login);
    onTestFinished(() => door.shut());
    const secret = { reveal: () => login.password };
    const of = configOf({
      topicPrefix: `${randomUUID()}.`,
      schemaRegistry: { url: door.url, register: true, user: login.user, password: secret, caFile },
    });
    await door.shut();
    const { driver, states } = drainTo(of);
    driver.push(trade(1));
    await expect
      .poll(() => states[0], { timeout: 10_000 })
      .toMatch(/^down: schema registry: cannot reach 127.*REFUSED/);
    await door.open();
    await driver.opened;
    await driver.idle();
    await door.shut();

    // A topic with a known schema works without the registry. A new topic waits for the registry.
    driver.push(trade(2));
    await driver.idle();
    driver.push({ ...trade(3), topic: 'simulated.trades' });
    await expect.poll(() => driver.stats(), { timeout: 10_000 }).toMatchObject({ state: 'down', delivered: 2 });
    expect(driver.stats().reason).toContain('schema registry: cannot reach 127.0.0.1');
    await door.open();
    expect(await driver.close({ timeoutMs: 20_000 })).toEqual({ undelivered: 0, spilled: 0 });
    const values = [
      ...(await valuesIn(of, `${of.topicPrefix}trades`)),
      ...(await valuesIn(of, `${of.topicPrefix}simulated.trades`)),
    ];
    expect(values.map((value) => value[0])).toEqual([0, 0, 0]);
  });

  it.each([
    ['a wrong password', { password: { reveal: () => 'no' } }, 'it refuses user feed: 401', 'never'],
    ['an untrusted certificate authority', { caFile: null }, 'its certificate is not signed by an authority', 'never'],
  ])('reports why it cannot open: %s', async (_, wrong, reason, kind) => {
    const authority = newAuthority('the registry authority');
    const caFile = join(await temporaryFolder(), 'ca.pem');
    await writeFile(caFile, authority.certificate);
    const door = await startRegistryDoor(registry, authority.issue('registry'), { user: 'feed', password: 'yes' });
    onTestFinished(() => door.shut());
    const right = { url: door.url, register: true, user: 'feed', password: { reveal: () => 'yes' }, caFile };
    const of = configOf({ topicPrefix: `${randomUUID()}.`, schemaRegistry: { ...right, ...wrong } });
    const { driver } = drainTo(of);
    await expect(driver.opened).rejects.toMatchObject({
      message: expect.stringContaining(reason),
      retry: { kind },
    });
    await driver.close({ timeoutMs: 0 });
  });

  it('reports down while the registry is away, and keeps the records queued', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const of = configOf({ topicPrefix: `${randomUUID()}.`, schemaRegistry: schemaRegistry(url) });
    const { driver, states } = drainTo(of);
    driver.push(trade(1));
    await expect.poll(() => states, { timeout: 10_000 }).toEqual([expect.stringContaining('ECONNREFUSED')]);
    expect(driver.stats()).toMatchObject({ state: 'down', queued: 1 });
    expect(await driver.close({ timeoutMs: 100 })).toEqual({ undelivered: 1, spilled: 0 });
  });
});

describe('market-feed schemas', () => {
  /** Runs the command in this process. */
  async function schemas(action: string, ...more: readonly string[]) {
    const io = fakeIo();
    const code = await dispatch(['schemas', action, ...more], io);
    return { code, stdout: io.out.text(), stderr: io.err.text() };
  }

  const standings = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { subject: string; standing: string; id?: number; reasons?: string[] });

  it('checks new schemas, registers them, and then reports them as registered', async () => {
    const prefix = `${randomUUID()}.`;
    const config = await writeConfiguration(await temporaryFolder(), {
      coins: ['BTC'],
      feed: { venues: ['bybit'] },
      kafka: { topic_prefix: prefix },
    });
    const against = ['--against', registry, '--config', config];
    const before = await schemas('check', '--json', ...against);
    expect(before.code, before.stderr).toBe(0);
    expect(standings(before.stdout)).toHaveLength(TOPICS.length);
    expect(new Set(standings(before.stdout).map(({ standing }) => standing))).toEqual(new Set(['new']));
    const registered = await schemas('register', '--json', ...against);
    expect(registered.code, registered.stderr).toBe(0);
    expect(standings(registered.stdout)).toEqual(
      TOPICS.map(({ name }) => ({
        subject: `${prefix}${name}-value`,
        standing: 'registered',
        id: expect.any(Number),
      })),
    );
    const after = await schemas('check', ...against);
    expect(after.code).toBe(0);
    expect(after.stdout).toMatch(new RegExp(`^${prefix}trades-value +registered  id \\d+$`, 'm'));

    await register(`${prefix}trades-value`, DOUBLE_PRICE);
    expect((await schemas('check', ...against)).code, 'it is one of its versions still').toBe(0);
  });

  it('exits with 1 for an incompatible schema, and registers nothing', async () => {
    const prefix = `${randomUUID()}.`;
    await register(`${prefix}trades-value`, DOUBLE_PRICE);
    const config = await writeConfiguration(await temporaryFolder(), {
      coins: ['BTC'],
      feed: { venues: ['bybit'] },
      kafka: { topic_prefix: prefix, schema_registry: { url: registry } },
    });
    for (const action of ['check', 'register']) {
      const { code, stdout, stderr } = await schemas(action, '--json', '--config', config);
      expect(code, stderr).toBe(1);
      const [first] = standings(stdout);
      expect(first).toMatchObject({ subject: `${prefix}trades-value`, standing: 'incompatible' });
      expect(first?.reasons?.[0]).toContain('cannot read records of version 1');
    }
    const subjects = (await (await fetch(`${registry}/subjects`)).json()) as string[];
    expect(subjects.filter((subject) => subject.startsWith(prefix))).toEqual([`${prefix}trades-value`]);
  });

  it('exits with 1 if no registry answers, and with 2 if none is configured', async () => {
    const away = await schemas('check', '--against', `http://127.0.0.1:${await freePort()}`);
    expect(away.code).toBe(1);
    expect(away.stderr).toMatch(/^market-feed: schemas: schema registry: cannot reach 127.0.0.1:\d+: .*ECONNREFUSED/);
    const wrong = await schemas('check');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('no schema registry is named: give --against URL');
  });
});
