import { BrokerError } from '../../src/kafka/broker-error.ts';
import type { Brokers } from '../../src/kafka/brokers.ts';
import type {
  BrokerConnection,
  ClusterMetadata,
  PartitionMetadata,
  ProduceAnswer,
  ProduceBatch,
  ProducerIdAndEpoch,
} from '../../src/kafka/contract.ts';

/* Kafka brokers in memory, for tests of the producer. */

export interface Stored {
  readonly key: string;
  readonly value: string;
}

interface Log {
  readonly records: Stored[];
  /** Producer epochs below this are refused. */
  fencedBelow: number;
  /** For each producer, the next expected sequence number, and its last batch, which the broker recognizes. */
  readonly producers: Map<number, { next: number; last: { first: number; count: number } | undefined }>;
}

export type Failure = 'none' | 'before' | 'lost_answer' | 'some_stored' | 'skipped';

/**
 * A cluster with the rules for sequence numbers. A broker that knows a number takes the batch as a repeat, acknowledges
 * it and stores nothing. It answers for each partition of a request.
 */
export class FakeCluster implements Pick<Brokers, 'at' | 'coordinator' | 'end' | 'metadata'> {
  readonly topics = new Map<string, { leaders: number[]; logs: Log[] }>();
  /** Failure of the next request. */
  failure: () => Failure = () => 'none';
  /** Called before each request, to move leaders and so on. */
  beforeRequest: () => void = () => {};
  maxBatchBytes = 1_000_000;
  refuses: (value: string) => boolean = () => false;
  /** Makes the broker forget a producer's sequence numbers. It then refuses the producer's batches. */
  outOfOrder: (topic: string) => boolean = () => false;
  requests = 0;
  /** The producer epoch of the latest writer. Each new writer gets the next one. */
  producers = 0;
  /** True: no broker coordinates transactions. */
  coordinatorAway = false;
  /** Number of times that topics were fenced. */
  closings = 0;
  #metadata = new Map<string, PartitionMetadata[]>();
  /** Topics of the current transaction. */
  #opened: readonly string[] = [];

  addTopic(name: string, leaders: readonly number[]): PartitionMetadata[] {
    this.topics.set(name, {
      leaders: [...leaders],
      logs: leaders.map(() => ({ records: [], fencedBelow: 0, producers: new Map() })),
    });
    this.refreshMetadata();
    return this.metadataOf(name);
  }

  move(topic: string, partition: number, leader: number): void {
    const leaders = this.topics.get(topic)?.leaders;
    if (leaders !== undefined) leaders[partition] = leader;
    this.refreshMetadata();
  }

  metadataOf(topic: string): PartitionMetadata[] {
    return this.#metadata.get(topic) ?? [];
  }

  records(topic: string, partition: number): readonly Stored[] {
    return this.topics.get(topic)?.logs[partition]?.records ?? [];
  }

  refreshMetadata(): void {
    this.#metadata = new Map(
      [...this.topics].map(([name, { leaders }]) => [
        name,
        leaders.map((leader, partitionId) => ({
          ...{ partitionId, leader, replicas: 1 },
        })),
      ]),
    );
  }

  end(): void {}

  async coordinator(): Promise<<T>(ask: (broker: BrokerConnection) => Promise<T>) => Promise<T>> {
    const broker: Pick<BrokerConnection, 'initProducerId' | 'addPartitionsToTransaction' | 'endTransaction'> = {
      initProducerId: async () => ({ producerId: '1', producerEpoch: ++this.producers }),
      addPartitionsToTransaction: async (transaction, topics) => {
        if (this.coordinatorAway) throw new Error('no coordinator');
        this.#confirm(transaction);
        this.closings++;
        this.#opened = topics.map(({ topic }) => topic);
      },
      endTransaction: async (transaction) => {
        this.#confirm(transaction);
        for (const topic of this.#opened)
          for (const log of this.topics.get(topic)?.logs ?? []) log.fencedBelow = transaction.producerEpoch;
      },
    };
    return (ask) => ask(broker as BrokerConnection); // a fence sends no other requests
  }

  #confirm({ producerEpoch }: ProducerIdAndEpoch): void {
    if (producerEpoch !== this.producers) throw protocolError('INVALID_PRODUCER_EPOCH');
  }

  async metadata(topics: readonly string[] | 'all'): Promise<ClusterMetadata> {
    const names = topics === 'all' ? [...this.topics.keys()] : topics;
    return {
      ...{ brokers: [], controllerId: 1 },
      topics: names.map((topic) => ({ topic, error: undefined, partitions: this.metadataOf(topic) })),
    };
  }

  at<T>(nodeId: number, ask: (broker: BrokerConnection) => Promise<T>): Promise<T> {
    const broker: Pick<BrokerConnection, 'produce'> = {
      produce: (batches, producer) => this.#produce(nodeId, producer, batches),
    };
    return ask(broker as BrokerConnection); // a writer sends no other requests
  }

  async #produce(
    nodeId: number,
    { producerEpoch: id }: ProducerIdAndEpoch,
    batches: readonly ProduceBatch[],
  ): Promise<readonly ProduceAnswer[]> {
    await Promise.resolve();
    this.beforeRequest();
    this.requests++;
    const failure = this.failure();
    if (failure === 'before') throw new Error('connection refused');
    const taken = failure === 'skipped' ? batches.slice(1) : batches;
    const stored = failure === 'some_stored' ? taken.slice(0, taken.length >> 1) : taken;
    const answers = stored.map(({ topic, partition, sequence, messages }): ProduceAnswer => {
      const isLeader = this.topics.get(topic)?.leaders[partition] === nodeId;
      const records = messages.map(({ key, value }) => ({ key, value: value.toString() }));
      const error = isLeader
        ? this.#store(id, sequence, topic, partition, records)
        : new BrokerError('not the leader', { broker: String(nodeId), type: 'NOT_LEADER_OR_FOLLOWER' });
      return { topic, partition, error };
    });
    if (failure === 'lost_answer' || failure === 'some_stored') throw new Error('connection closed');
    return answers;
  }

  #store(id: number, first: number, topic: string, partition: number, messages: readonly Stored[]): Error | undefined {
    const log = this.topics.get(topic)?.logs[partition];
    if (log === undefined) return protocolError('UNKNOWN_TOPIC_OR_PARTITION');
    if (id < log.fencedBelow) return protocolError('INVALID_PRODUCER_EPOCH');
    if (messages.reduce((sum, { value }) => sum + value.length, 0) > this.maxBatchBytes) {
      return protocolError('MESSAGE_TOO_LARGE');
    }
    if (messages.some(({ value }) => this.refuses(value))) return protocolError('INVALID_RECORD');
    const known = log.producers.get(id) ?? { next: 0, last: undefined };
    log.producers.set(id, known);
    if (known.last?.first === first && known.last.count === messages.length) return undefined;
    if (first !== known.next || this.outOfOrder(topic)) return protocolError('OUT_OF_ORDER_SEQUENCE_NUMBER');
    log.records.push(...messages);
    known.last = { first, count: messages.length };
    known.next = first + messages.length;
    return undefined;
  }
}

function protocolError(type: string): Error {
  return new BrokerError(type.toLowerCase().replaceAll('_', ' '), { broker: 'b:1', type });
}
