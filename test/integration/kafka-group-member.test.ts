import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { GroupMember } from '../../src/kafka/group-member.ts';
import { KafkaConnection } from '../../src/kafka/kafkajs/kafkajs.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { until } from '../../testing/tools/until.ts';

it('sees that its topic was given partitions, and shares them out when it joins again', async () => {
  const config = kafkaConfig(await sharedBrokers(), {});
  const connection = new KafkaConnection(config, () => {});
  onTestFinished(() => connection.end());
  const admin = connection.admin();
  const topic = randomUUID();
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
  const member = new GroupMember(config, topic, { group: topic, sessionTimeoutMs: 10_000 }, () => {});
  onTestFinished(() => member.leave());
  expect([...(await member.join()).keys()]).toEqual([0, 1]);
  const { id } = member;
  expect(await member.sharesAll()).toBe(true);
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  await until(async () => !(await member.sharesAll()), { message: 'the new partition' });
  expect([...(await member.join()).keys()]).toEqual([0, 1, 2]);
  expect(await member.sharesAll()).toBe(true);
  expect(member.id).toBe(id);
}, 60_000);
