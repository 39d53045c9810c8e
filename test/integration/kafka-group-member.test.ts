import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { GroupMember } from '../../src/kafka/groups/group-member.ts';
import { createMissingTopics, readyTopics, withBrokers } from '../../src/kafka/topics.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { KAFKA_CLIENTS, kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { withAdmin } from '../../testing/kafka/with-admin.ts';
import { until } from '../../testing/tools/until.ts';

it.each(KAFKA_CLIENTS)(
  'a group member with %s detects added partitions, and is assigned them when it rejoins',
  async (client) => {
    const config = kafkaConfig(await sharedBrokers(), { client });
    const topic = randomUUID();
    await withBrokers(
      config,
      () => {},
      async (brokers) => {
        await createMissingTopics(brokers, [{ topic, partitions: 2, replication: -1, settings: {} }]);
        await readyTopics(brokers, [topic]);
      },
    );
    const member = new GroupMember(config, topic, { group: topic, sessionTimeoutMs: 10_000 }, () => {});
    onTestFinished(() => member.leave());
    expect([...(await member.join()).keys()]).toEqual([0, 1]);
    const { id } = member;
    expect(await member.sharesAll()).toBe(true);
    await withAdmin(config.brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }));
    await until(async () => !(await member.sharesAll()), { message: 'the new partition' });
    expect([...(await member.join()).keys()]).toEqual([0, 1, 2]);
    expect(await member.sharesAll()).toBe(true);
    expect(member.id).toBe(id);
  },
  60_000,
);
