import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { asyncScheduler, firstValueFrom, take, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ClientOptions } from '../../src/client/client-options.ts';
import { connectTopics } from '../../src/client/connect-topics.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Fault } from '../../src/domain/fault.ts';
import { Brokers } from '../../src/kafka/brokers.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { firstContactFault } from '../../src/kafka/kafka-error.ts';
import type { DriverOptions } from '../../src/sinks/driver/driver-options.ts';
import { SinkDriver } from '../../src/sinks/driver/sink-driver.ts';
import { Fence } from '../../src/sinks/kafka/fence.ts';
import { KafkaSink } from '../../src/sinks/kafka/sink.ts';
import { KAFKA_CLIENTS } from '../../testing/kafka/kafka-config.ts';
import { PASSWORD, type SecureBroker, startSecureBroker } from '../../testing/kafka/secure-broker.ts';
import { temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { startHere } from '../cli/start-here.ts';
import { trade } from '../sinks/fake-sink.ts';

/** Every failure is reported within this time. */
const REPORTED_WITHIN_MS = 10_000;

let secure: SecureBroker;
beforeAll(async () => {
  secure = await startSecureBroker();
});
afterAll(() => secure?.close());

interface Access {
  readonly listener: keyof SecureBroker['at'] | 'open';
  readonly ssl?: Readonly<Record<string, string>> | true | null;
  readonly mechanism?: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly password?: string;
  readonly client?: KafkaConfig['client'];
}

const trusted = () => ({ ca_file: secure.files.ca });

/** Values of a configuration file. Secrets are in files of their own. */
async function valuesOf(access: Access, prefix: string) {
  const { listener, ssl = trusted(), mechanism, password = PASSWORD, client = 'kafkajs' } = access;
  const folder = await temporaryFolder();
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, `${password}\n`);
  const brokers = listener === 'open' ? secure.broker.brokers : [secure.at[listener]];
  const sasl = mechanism === undefined ? null : { mechanism, username: 'feed', password_file: passwordFile };
  return {
    coins: ['BTC'],
    feed: { venues: ['bybit'] },
    kafka: { client, brokers, topic_prefix: prefix, partitions: 1, ssl, sasl },
    spill: { dir: join(folder, 'spill') },
    log: { level: 'debug' },
  };
}

/** Client options for a reader with the same access. */
function clientOptions({ kafka }: Config): ClientOptions {
  const { brokers, topicPrefix, ssl, sasl } = kafka;
  return {
    brokers,
    topicPrefix,
    ...(ssl === null ? {} : { ssl }),
    ...(sasl === null ? {} : { sasl: { ...sasl, password: sasl.password.reveal() } }),
  };
}

function drainTo({ kafka }: Config, more: Partial<DriverOptions> = {}) {
  const states: string[] = [];
  const logged: string[] = [];
  const log = (...line: unknown[]) => void logged.push(JSON.stringify(line));
  const sink = new KafkaSink({
    config: kafka,
    environmentPrefixes: [''],
    log,
    now: () => performance.now(),
    wallClockMs: Date.now,
  });
  const onState = (state: string, reason: string) => void states.push(`${state}: ${reason}`);
  const driver = new SinkDriver(sink, { scheduler: asyncScheduler, onState, ...more });
  return { driver, states, logged };
}

describe('Kafka over TLS, with a login', () => {
  const accesses: readonly Access[] = [
    { listener: 'plain', mechanism: 'plain' },
    { listener: 'scram', mechanism: 'scram-sha-256' },
    { listener: 'scram', mechanism: 'scram-sha-512' },
    { listener: 'mutual' },
  ];
  const all = KAFKA_CLIENTS.flatMap((client) =>
    accesses.map((access) => ({ ...access, client, login: access.mechanism ?? 'a client certificate' })),
  );
  // In the suite, each client shows one login by password and the certificate; one of them shows each mechanism.
  const inSuite = [
    ...['kafkajs plain', 'kafkajs scram-sha-256', 'kafkajs a client certificate'],
    ...['platformatic scram-sha-512', 'platformatic a client certificate'],
  ];
  const cases = all.filter(({ client, login }) => isLong || inSuite.includes(`${client} ${login}`));
  it.each(cases)(
    'writes with $client and reads, at the listener $listener with $login',
    async ({ login: _, ...access }) => {
      const { clientCertificate, clientKey } = secure.files;
      const ssl =
        access.listener === 'mutual' ? { ...trusted(), cert_file: clientCertificate, key_file: clientKey } : trusted();
      const config = loadConfig({ values: await valuesOf({ ...access, ssl }, `${randomUUID()}.`) });
      const { driver } = drainTo(config);
      driver.push(trade(1));
      driver.push(trade(2));
      await driver.opened;
      expect(await driver.close({ timeoutMs: 10_000 })).toEqual({ undelivered: 0, spilled: 0 });

      const market = await connectTopics({ ...clientOptions(config), from: 'beginning' });
      onTestFinished(() => market.close());
      const trades = await firstValueFrom(market.trades$('BTC').pipe(take(2), toArray()));
      expect(trades.map(({ tradeId }) => tradeId)).toEqual(['1', '2']);
    },
    60_000,
  );

  interface Failure extends Access {
    readonly reason: RegExp;
    readonly retry: 'never' | 'backoff';
  }
  const scram = { listener: 'scram', mechanism: 'scram-sha-512' } as const;
  const failures: readonly (readonly [string, () => Failure])[] = [
    [
      'a wrong password',
      () => ({
        ...scram,
        password: 'kein-passwort',
        reason: /refuse the login: wrong user or password/,
        retry: 'never',
      }),
    ],
    [
      'a wrong password, plain',
      () => ({
        ...{ listener: 'plain', mechanism: 'plain', password: 'kein-passwort' },
        reason: /refuse the login: wrong user or password/,
        retry: 'never',
      }),
    ],
    [
      'a mechanism that is not offered',
      () => ({
        ...{ listener: 'plain', mechanism: 'scram-sha-256' },
        reason: /take no login by this mechanism \(sasl\.mechanism\)/,
        retry: 'never',
      }),
    ],
    [
      'no login at a port that requires one',
      () => ({ listener: 'scram', reason: /does it want a login \(sasl\)\?/, retry: 'backoff' }),
    ],
    [
      'a login at a port without login',
      () => ({
        ...{ listener: 'open', ssl: null, mechanism: 'scram-sha-512' },
        reason: /take no login on this port \(sasl\)/,
        retry: 'never',
      }),
    ],
    [
      'an unrelated certificate authority',
      () => ({
        ...{ ...scram, ssl: { ca_file: secure.files.stranger } },
        reason: /no TLS with broker .*: its certificate is not signed by an authority that is trusted here \(ca_file\)/,
        retry: 'never',
      }),
    ],
    [
      "only the system's certificate authorities",
      () => ({ ...scram, ssl: true, reason: /not signed by an authority that is trusted here/, retry: 'never' }),
    ],
    [
      'an expired certificate',
      () => ({ listener: 'expired', reason: /no TLS with broker .*: its certificate has expired/, retry: 'backoff' }),
    ],
    [
      'no TLS at a TLS port',
      () => ({ listener: 'expired', ssl: null, reason: /is it a port for TLS \(ssl\)\?/, retry: 'backoff' }),
    ],
    [
      'TLS at a port without TLS',
      () => ({ listener: 'open', reason: /is it a port without TLS \(ssl\)\?/, retry: 'backoff' }),
    ],
    [
      'no client certificate at a port that requires one',
      () => ({ listener: 'mutual', reason: /it refuses the certificate of this side, or wants one/, retry: 'never' }),
    ],
  ];

  it.each(failures)(
    'the sink and the client report the reason within 10 s: %s',
    async (_, failureOf) => {
      const failure = failureOf();
      const config = loadConfig({ values: await valuesOf(failure, `${randomUUID()}.`) });
      const began = performance.now();
      const { driver, states, logged } = drainTo(config);
      const opened = driver.opened.then(
        () => undefined,
        (fault: Fault) => fault,
      );
      await expect.poll(() => states[0], { timeout: REPORTED_WITHIN_MS, interval: 20 }).toMatch(failure.reason);
      expect(performance.now() - began).toBeLessThan(REPORTED_WITHIN_MS);
      if (failure.retry === 'never') expect((await opened)?.retry).toEqual({ kind: 'never' });
      else await expect.poll(() => states.length > 0 && driver.stats().state).toBe('down');
      await driver.close({ timeoutMs: 0 });
      // If the failure is never retried, the start failed with its reason. Otherwise the driver retried the start until
      // `close` ended it.
      expect((await opened)?.message).toMatch(failure.retry === 'never' ? failure.reason : /closed before it was open/);
      expect(logged.join()).not.toContain('kein-passwort');

      const asked = performance.now();
      await expect(connectTopics(clientOptions(config))).rejects.toMatchObject({
        message: expect.stringMatching(failure.reason),
        retry: { kind: failure.retry },
      });
      expect(performance.now() - asked).toBeLessThan(REPORTED_WITHIN_MS);
    },
    30_000,
  );

  // The sink reports these failures with kafkajs in the tests above.
  const contacting = KAFKA_CLIENTS.filter((client) => isLong || client !== 'kafkajs');
  it.each(contacting.flatMap((client) => failures.map(([name, failureOf]) => [client, name, failureOf] as const)))(
    'the first contact with %s reports the reason: %s',
    async (client, _, failureOf) => {
      const { reason, retry, ...access } = failureOf();
      const { kafka } = loadConfig({ values: await valuesOf({ ...access, client }, 'any.') });
      const began = performance.now();
      const brokers = new Brokers(kafka, () => {});
      onTestFinished(() => brokers.end());
      const fence = new Fence(brokers, 'any', Date.now, new AbortController().signal);
      const error = await fence.renew(new Map()).catch((caught: unknown) => caught);
      const fault = firstContactFault(error, kafka);
      expect(fault.message).toMatch(reason);
      expect(fault.retry.kind).toBe(retry);
      expect(JSON.stringify(inspect(error, { depth: 20 }))).not.toContain('kein-passwort');
      expect(performance.now() - began).toBeLessThan(REPORTED_WITHIN_MS);
    },
    30_000,
  );

  it('reports the refusal of one broker instead of an unreachable other broker', async () => {
    const values = await valuesOf({ ...scram, password: 'kein-passwort', client: 'platformatic' }, 'any.');
    const brokers = [...values.kafka.brokers, '127.0.0.1:1'];
    const { kafka } = loadConfig({ values: { ...values, kafka: { ...values.kafka, brokers } } });
    const known = new Brokers(kafka, () => {});
    onTestFinished(() => known.end());
    const fence = new Fence(known, 'any', Date.now, new AbortController().signal);
    const error = await fence.renew(new Map()).catch((caught: unknown) => caught);
    expect(firstContactFault(error, kafka).message).toMatch(/refuse the login: wrong user or password/);
  });

  // The broker must restart for this test. In the suite, kafka-error.test.ts shows the retry policy of this fault.
  if (!isLong) return;

  it('spills while the password is refused, and delivers when it is accepted again, with each client', async () => {
    const writers = await Promise.all(
      KAFKA_CLIENTS.map(async (client) => {
        const config = loadConfig({ values: await valuesOf({ ...scram, client }, `${randomUUID()}.`) });
        const failed: Fault[] = [];
        const { driver, states } = drainTo(config, {
          spill: { dir: join(await temporaryFolder(), 'spill'), maxBytes: 2 ** 24 },
          onFailed: (fault) => failed.push(fault),
        });
        return { config, failed, driver, states };
      }),
    );
    for (const { driver } of writers) {
      await driver.opened;
      await driver.resume({ environmentPrefixes: [''], kinds: ['trade'] });
      driver.push(trade(1));
      await driver.idle();
    }
    await secure.setPassword('scram-sha-512', 'another');
    onTestFinished(() => secure.setPassword('scram-sha-512', PASSWORD));
    // Clients that are logged in stay so. After a restart, the broker asks for the login again.
    await secure.broker.stop();
    await secure.broker.start();
    for (const { driver } of writers) for (let id = 2; id <= 50; id++) driver.push(trade(id));
    for (const { driver } of writers) {
      await expect
        .poll(() => driver.stats().reason, { timeout: 30_000 })
        .toMatch(/the brokers refuse the login: wrong user or password .*records go to the spill/);
      expect(driver.stats()).toMatchObject({ delivered: 1, dropped: {} });
    }

    await secure.setPassword('scram-sha-512', PASSWORD);
    for (const { config, failed, driver, states } of writers) {
      await expect.poll(() => driver.stats().delivered, { timeout: 30_000 }).toBe(50);
      expect(await driver.close({ timeoutMs: 10_000 })).toEqual({ undelivered: 0, spilled: 0 });
      expect(failed).toEqual([]);
      expect(states.at(-1)).toBe('up: delivers again');
      const market = await connectTopics({ ...clientOptions(config), from: 'beginning' });
      onTestFinished(() => market.close());
      const ids = await firstValueFrom(market.trades$('BTC').pipe(take(50), toArray()));
      expect(ids.map(({ tradeId }) => Number(tradeId))).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    }
  });
});

describe('the commands, with a login', () => {
  const scram = { listener: 'scram', mechanism: 'scram-sha-256' } as const;
  const fileOf = async (access: Access, prefix: string) =>
    writeConfiguration(await temporaryFolder(), await valuesOf(access, prefix));

  it('topics, tail and gateway connect to Kafka, and the gateway requires its token', async () => {
    const prefix = `${randomUUID()}.`;
    const config = await fileOf(scram, prefix);
    const topics = startHere('topics', 'create', '--config', config);
    expect(await topics.exited, topics.stderr).toBe(0);
    const { driver } = drainTo(loadConfig({ file: config }));
    driver.push(trade(7));
    await driver.opened;
    await driver.close({ timeoutMs: 10_000 });
    const tail = startHere('tail', 'trades', '--from', 'beginning', '--json', '--config', config);
    expect(await tail.exited, tail.stderr).toBe(0);
    expect(JSON.parse(tail.stdout)).toMatchObject({ trade_id: '7' });
    const token = join(await temporaryFolder(), 'token');
    await writeFile(token, 'sesame\n');
    const withToken = await writeConfiguration(await temporaryFolder(), {
      ...(await valuesOf(scram, prefix)),
      gateway: { token_file: token },
    });
    const gateway = startHere('gateway', '--port', '0', '--config', withToken);
    await gateway.logged('gateway');
    const url = String(/"event":"gateway".*?"url":"([^"]+)"/.exec(gateway.stderr)?.[1]);
    const ask = async (authorization?: string) =>
      (await fetch(`${url}/api/status`, { headers: authorization === undefined ? {} : { authorization } })).status;
    expect([await ask(), await ask('Bearer sesam'), await ask('Bearer sesame')]).toEqual([401, 401, 200]);
    const opens = (given: string) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/status/?token=${given}`);
        socket.onopen = () => resolve(true);
        socket.onerror = () => resolve(false);
      });
    expect([await opens('sesam'), await opens('sesame')]).toEqual([false, true]);
    expect(gateway.stderr).not.toContain('sesam');
    expect(await gateway.stop()).toBe(0);
  });

  it.each([
    ['run', []],
    ['gateway', ['--port', '0']],
    ['tail', ['trades']],
    ['topics', ['describe']],
  ])(
    '%s exits with 1 if the password is wrong, and never prints it',
    async (name, more) => {
      const config = await fileOf({ ...scram, password: 'kein-passwort' }, `${randomUUID()}.`);
      const began = performance.now();
      const command = startHere(name, ...more, '--config', config);
      const code = await command.exited;
      const { stdout, stderr } = command;
      expect(code, stderr).toBe(1);
      expect(performance.now() - began).toBeLessThan(REPORTED_WITHIN_MS);
      expect(stderr).toMatch(/the brokers refuse the login: wrong user or password/);
      if (name === 'run') expect(stderr, 'the level is debug').toContain('"level":"debug"');
      expect(stderr + stdout).not.toContain('kein-passwort');
      expect(stderr + stdout).not.toContain(Buffer.from('kein-passwort').toString('base64'));
    },
    30_000,
  );
});
