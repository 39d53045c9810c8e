import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import { until } from '../tools/until.ts';

/** Connects kafkajs's client for administration as long as `use` runs. */
export async function withAdmin<T>(brokers: readonly string[], use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

/**
 * Creates a topic. Resolves when the leader of each partition serves it. kafkajs waits for less, and fails if the
 * broker is slow to learn the topic. If one partition refused a producer, the retry would write to the other partitions
 * twice.
 */
export async function createTopic(admin: Admin, topic: ITopicConfig): Promise<void> {
  await admin.createTopics({ topics: [topic], waitForLeaders: false });
  await until(async () => (await admin.fetchTopicOffsets(topic.topic)).length === topic.numPartitions);
}

/**
 * Deletes a topic. Resolves when the brokers list it no longer: they accept the request a moment before they forget the
 * topic.
 */
export function deleteTopic(brokers: readonly string[], topic: string): Promise<void> {
  return withAdmin(brokers, async (admin) => {
    await admin.deleteTopics({ topics: [topic] });
    await until(async () => !(await admin.listTopics()).includes(topic));
  });
}

/** Deletes the records of partition 0 before the offset. */
export function deleteRecordsBefore(brokers: readonly string[], topic: string, offset: number): Promise<void> {
  return withAdmin(brokers, async (admin) => {
    // Makes the admin load the topic's metadata, because `deleteTopicRecords` does not load it.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: `${offset}` }] });
  });
}
