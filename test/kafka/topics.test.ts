import { expect, it } from 'vitest';
import { BrokerError } from '../../src/kafka/broker-error.ts';
import type { BrokerConnection, ClusterMetadata, NewTopic } from '../../src/kafka/contract.ts';
import { createMissingTopics } from '../../src/kafka/topics.ts';

/** A broker that only knows a new topic after several requests for it. */
class SlowBroker {
  readonly created: string[] = [];
  #asked = 0;

  async metadata(topics: readonly string[] | 'all'): Promise<ClusterMetadata> {
    const known = this.#asked > 2 ? this.created : [];
    if (topics !== 'all') this.#asked++;
    const error = new BrokerError('unknown topic', { broker: 'b:1', type: 'UNKNOWN_TOPIC_OR_PARTITION' });
    const names = topics === 'all' ? known : topics;
    return {
      brokers: [],
      controllerId: 1,
      topics: names.map((topic) => ({ topic, error: known.includes(topic) ? undefined : error, partitions: [] })),
    };
  }

  controller<T>(ask: (broker: BrokerConnection) => Promise<T>): Promise<T> {
    const broker: Pick<BrokerConnection, 'createTopics'> = {
      createTopics: async (topics) => void this.created.push(...topics.map(({ topic }) => topic)),
    };
    return ask(broker as BrokerConnection); // only `createTopics` is called
  }
}

it('createMissingTopics waits until the broker knows the topics that it created', async () => {
  const broker = new SlowBroker();
  const topic: NewTopic = { topic: 'trades', partitions: 1, replication: -1, settings: {} };
  expect(await createMissingTopics(broker, [topic])).toEqual(['trades']);
  expect(await createMissingTopics(broker, [topic])).toEqual([]);
  expect(broker.created).toEqual(['trades']);
});
