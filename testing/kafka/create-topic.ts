import type { Admin, ITopicConfig } from 'kafkajs';
import { until } from '../tools/until.ts';

/**
 * Creates a topic. Resolves when the leader of each partition serves it. kafkajs waits for less, and fails if the
 * broker is slow to learn the topic. If one partition refused a producer, the retry would write to the other partitions
 * twice.
 */
export async function createTopic(admin: Admin, topic: ITopicConfig): Promise<void> {
  await admin.createTopics({ topics: [topic], waitForLeaders: false });
  await until(async () => (await admin.fetchTopicOffsets(topic.topic)).length === topic.numPartitions);
}
