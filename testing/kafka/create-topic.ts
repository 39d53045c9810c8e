import type { Admin, ITopicConfig } from 'kafkajs';
import { until } from '../tools/until.ts';

/**
 * Creates a topic; resolves when the leader of each partition serves it. kafkajs waits for less, and fails where the broker
 * is slow to know the topic; a producer that is refused by one partition would write to the others twice.
 */
export async function createTopic(admin: Admin, topic: ITopicConfig): Promise<void> {
  await admin.createTopics({ topics: [topic], waitForLeaders: false });
  await until(async () => (await admin.fetchTopicOffsets(topic.topic)).length === topic.numPartitions);
}
