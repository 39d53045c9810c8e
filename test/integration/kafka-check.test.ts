import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { KAFKA_CLIENTS, kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { type KafkaProxy, startSharedProxy } from '../../testing/kafka/kafka-proxy.ts';
import { newKafkaSink } from '../../testing/kafka/kafka-sink.ts';
import { withAdmin } from '../../testing/kafka/with-admin.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { trade } from '../sinks/fake-sink.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

/** The shared broker behind a proxy. Its ACLs allow everything that no ACL names. */
let broker: KafkaProxy;
beforeAll(async () => {
  broker = await startSharedProxy();
});
afterAll(() => broker?.close());

interface Checked {
  readonly client?: KafkaConfig['client'];
  readonly prefix: string;
  readonly kafka?: object;
}

/** What `check` prints about the sinks, and its exit code. */
async function command(argv: readonly string[], { client = 'kafkajs', prefix, kafka = {} }: Checked) {
  const folder = await temporaryFolder();
  const file = await writeConfiguration(folder, {
    coins: ['BTC'],
    feed: { venues: ['bybit'] },
    venues: { bybit: { rest_urls: ['http://127.0.0.1:1'] } },
    kafka: { client, brokers: broker.brokers, topic_prefix: prefix, partitions: 2, ...kafka },
    spill: { dir: join(folder, 'spill') },
    gateway: { enabled: false },
  });
  const io = fakeIo();
  const code = await dispatch([...argv, '--config', file], io);
  const lines = io.out.text().split('\n');
  const from = lines.findIndex((line) => line.startsWith('sink'));
  return { code, lines: lines.slice(from + 1).filter((line) => line.startsWith('  ')), err: io.err.text() };
}

const problems = ({ lines }: { readonly lines: readonly string[] }) =>
  lines.filter((line) => /^ {2}(?:problem|warning)/.test(line)).map((line) => line.slice(2).replace(/ +/, ' '));

/** Denies this user one operation. */
async function deny(name: string, kind: 'TOPIC' | 'TRANSACTIONAL_ID', operation: 'WRITE' | 'READ' | 'DESCRIBE') {
  const acl = (permission: 'ALLOW' | 'DENY', denied: keyof typeof AclOperationTypes) => ({
    resourceType: AclResourceTypes[kind],
    resourceName: name,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:ANONYMOUS',
    host: '*',
    operation: AclOperationTypes[denied],
    permissionType: AclPermissionTypes[permission],
  });
  // Everything else stays allowed.
  const acls = [acl('ALLOW', 'ALL'), acl('DENY', operation)];
  await withAdmin(broker.brokers, (admin) => admin.createAcls({ acl: acls }));
}

it('check names brokers and a registry that do not answer, and exits with 1', async () => {
  const port = await freePort();
  const away = await command(['check'], { prefix: 'any.', kafka: { brokers: [`127.0.0.1:${port}`] } });
  expect(away.code).toBe(1);
  expect(problems(away)).toEqual([
    expect.stringMatching(`^problem Kafka at 127.0.0.1:${port} cannot be reached: .*ECONNREFUSED`),
  ]);
  const registry = { schema_registry: { url: `http://127.0.0.1:${port}` } };
  const unregistered = await command(['check'], { prefix: `${randomUUID()}.`, kafka: registry });
  expect(unregistered.code).toBe(1);
  expect(problems(unregistered)).toEqual([
    expect.stringMatching(/^problem schema registry: cannot reach 127.0.0.1:\d+: .*ECONNREFUSED/),
  ]);
});

it.each(KAFKA_CLIENTS)('check with %s creates no topics, and names what differs', async (client) => {
  const prefix = `${randomUUID()}.`;
  const before = await command(['check'], { client, prefix });
  expect([before.code, problems(before)]).toEqual([0, []]);
  expect(before.lines).toContain('  brokers       answer; 16 of 16 topics are missing: a start creates them');
  const replicated = await command(['check'], { client, prefix, kafka: { replication: 3 } });
  expect(replicated.code).toBe(1);
  expect(problems(replicated)).toEqual([
    expect.stringMatching(/^problem cannot create \S+\.trades: .*replication.factor/i),
  ]);

  expect((await command(['topics', 'create'], { client, prefix })).code).toBe(0);
  const after = await command(['check'], { client, prefix });
  expect([after.code, problems(after)]).toEqual([0, []]);
  expect(after.lines).toContain('  brokers       answer; all 16 topics exist; this user may read and write them');
  const sink = newKafkaSink(
    kafkaConfig(broker.brokers, { client, clientId: 'market-feed', topicPrefix: prefix, partitions: 2 }),
  );
  await sink.open();
  onTestFinished(() => sink.close());
  const other = await command(['check'], { client, prefix, kafka: { partitions: 3 } });
  expect(await sink.write([trade(1)]), 'check must not stop a feed that runs').toEqual([{ kind: 'delivered' }]);
  expect(other.code).toBe(0);
  expect(problems(other)).toContain(`warning ${prefix}trades: partitions: 2, not 3`);
});

it.each(KAFKA_CLIENTS)('check with %s names each missing right', async (client) => {
  const prefix = `${randomUUID()}.`;
  expect((await command(['topics', 'create'], { client, prefix })).code).toBe(0);
  await deny(`${prefix}prices`, 'TOPIC', 'WRITE');
  await deny(`${prefix}gaps`, 'TOPIC', 'READ');
  await deny(`${prefix}klines`, 'TOPIC', 'DESCRIBE');
  // The broker applies a rule a moment after it has accepted it.
  const checked = () => command(['check'], { client, prefix });
  await expect
    .poll(async () => problems(await checked()))
    .toEqual([
      `problem the brokers do not allow this user to see ${prefix}klines (right Describe)`,
      `problem the brokers do not allow this user to write to ${prefix}prices (right Write)`,
      `problem the brokers do not allow this user to read ${prefix}gaps (right Read)`,
    ]);
  expect((await checked()).code).toBe(1);
  await deny(`${prefix}late-trades`, 'TOPIC', 'READ');
  await deny(`market-feed.market-feed.${prefix}healer`, 'TRANSACTIONAL_ID', 'WRITE');
  const notHealed = 'warning gaps are not healed: the brokers do not allow this user';
  await expect
    .poll(async () => problems(await checked()).filter((problem) => problem.startsWith('warning')))
    .toEqual([
      `${notHealed} to use the transactional id market-feed.market-feed.${prefix}healer (right Write)`,
      `${notHealed} to read ${prefix}late-trades (right Read)`,
    ]);
  await deny(`market-feed.market-feed.${prefix}`, 'TRANSACTIONAL_ID', 'WRITE');
  await expect
    .poll(async () => problems(await checked()))
    .toContain(
      `problem the brokers do not allow this user to use the transactional id market-feed.market-feed.${prefix} (right Write)`,
    );
});
