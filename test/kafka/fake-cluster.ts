import { Fault } from '../../src/domain/fault.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import type { ProducerNumbers } from '../../src/kafka/coordination.ts';
import type { PartitionMetadata, Producer, ProducerConfig } from '../../src/kafka/kafkajs/kafkajs.ts';
import type { ProduceAnswer } from '../../src/kafka/platformatic/platformatic.ts';
import { BrokerError } from '../../src/kafka/platformatic/platformatic-error.ts';
import type { ProduceBatch } from '../../src/kafka/produce-request.ts';
import type { TopicLayout } from '../../src/kafka/topic-layout.ts';
import type { Fence } from '../../src/sinks/kafka/fence.ts';
import { KafkajsWriter } from '../../src/sinks/kafka/kafkajs-writer.ts';
import { PlatformaticWriter } from '../../src/sinks/kafka/platformatic-writer.ts';
import type { Reach, Writer } from '../../src/sinks/kafka/writer.ts';

export interface Stored {
  readonly key: string;
  readonly value: string;
}

interface Batch {
  readonly partition: number;
  readonly messages: readonly Stored[];
}

interface Log {
  readonly records: Stored[];
  /** Numbers older than these are refused. */
  fencedBelow: number;
  /** Of each producer: the next number expected, and the last batch, which is known again. */
  readonly producers: Map<number, { next: number; last: { first: number; count: number } | undefined }>;
}

export type Failure = 'none' | 'before' | 'lost_answer' | 'some_stored' | 'skipped';

/**
 * A cluster as it treats sequence numbers: a broker takes a number that it knows for the same batch, says yes, and stores
 * nothing. Written to by kafkajs' idempotent producer as it treats them (KAFKA.md 9; kafkajs 2.2.4,
 * src/producer/sendMessages.js): numbers go on with success and are taken back with any error, even where the broker
 * has stored. Or by requests, each answered for each partition, as @platformatic/kafka sends them.
 */
export class FakeCluster implements Reach, Fence {
  readonly fence: Fence = this;
  readonly #client: KafkaConfig['client'];
  readonly #stop = new AbortController();
  readonly topics = new Map<string, { leaders: number[]; logs: Log[] }>();
  /** What becomes of the next request. */
  failure: () => Failure = () => 'none';
  /** Called before each request, to move leaders and so on. */
  beforeRequest: () => void = () => {};
  maxBatchBytes = 1_000_000;
  refuses: (value: string) => boolean = () => false;
  /** Makes the broker forget a producer's numbers: it then refuses what comes. */
  outOfOrder: (topic: string) => boolean = () => false;
  requests = 0;
  /** The numbers given last: each writer's are one more. */
  producers = 0;
  /** True: nobody answers for transactions. */
  coordinatorAway = false;
  /** How often topics were fenced. */
  closings = 0;
  #metadata = new Map<string, PartitionMetadata[]>();

  constructor(client: KafkaConfig['client']) {
    this.#client = client;
  }

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
          partitionErrorCode: 0,
          partitionId,
          leader,
          replicas: [leader],
          isr: [leader],
        })),
      ]),
    );
  }

  cut(): void {}

  end(): void {
    this.#stop.abort();
  }

  writer(numbers: ProducerNumbers): Writer {
    return this.#client === 'kafkajs'
      ? new KafkajsWriter(this, numbers, 'none', this.#stop.signal)
      : new PlatformaticWriter(this, numbers);
  }

  async take(): Promise<ProducerNumbers> {
    return { producerId: '1', producerEpoch: ++this.producers };
  }

  async close(numbers: ProducerNumbers, layouts: readonly TopicLayout[]): Promise<void> {
    if (this.coordinatorAway) throw new Fault('sink', 'no coordinator');
    await this.confirm(numbers);
    this.closings++;
    for (const { topic } of layouts)
      for (const log of this.topics.get(topic)?.logs ?? []) log.fencedBelow = numbers.producerEpoch;
  }

  async confirm({ producerEpoch }: ProducerNumbers): Promise<void> {
    if (producerEpoch !== this.producers)
      throw new Fault('sink', 'another writer took over', { retry: { kind: 'never' } });
  }

  async metadata(topics: readonly string[]): Promise<ReadonlyMap<string, readonly PartitionMetadata[]>> {
    return new Map(topics.map((topic) => [topic, this.metadataOf(topic)]));
  }

  async produce(
    nodeId: number,
    { producerEpoch: id }: ProducerNumbers,
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

  producer({ createPartitioner }: ProducerConfig, { producerEpoch: id }: ProducerNumbers): Producer {
    const place = createPartitioner?.();
    const numbers = new Map<string, number>();
    const sendBatch: Producer['sendBatch'] = async ({ topicMessages = [] }) => {
      await Promise.resolve();
      this.beforeRequest();
      const batches = new Map<string, Batch & { readonly topic: string }>();
      for (const { topic, messages } of topicMessages) {
        for (const message of messages) {
          const partition = place?.({ topic, partitionMetadata: this.metadataOf(topic), message }) ?? 0;
          const name = `${topic}/${partition}`;
          const batch = batches.get(name) ?? { topic, partition, messages: [] };
          batches.set(name, batch);
          (batch.messages as Stored[]).push({ key: String(message.key), value: String(message.value) });
        }
      }
      const leaders = new Set(
        [...batches.values()].map(({ topic, partition }) => this.topics.get(topic)?.leaders[partition]),
      );
      if (leaders.size > 1) throw new Error('a call for more than one broker: kafkajs may lose or repeat');
      this.requests++;
      const failure = this.failure();
      if (failure === 'before') throw new Error('connection refused');
      if (failure === 'skipped') batches.delete([...batches.keys()][0] ?? '');
      const stored = failure === 'some_stored' ? [...batches].slice(0, batches.size >> 1) : [...batches];
      let refused: Error | undefined;
      for (const [name, { topic, partition, messages }] of stored) {
        const refusal = this.#store(id, numbers.get(name) ?? 0, topic, partition, messages);
        refused ??= refusal;
      }
      if (refused !== undefined) throw refused;
      if (failure === 'lost_answer' || failure === 'some_stored') throw new Error('connection closed');
      for (const [name, { messages }] of batches) numbers.set(name, (numbers.get(name) ?? 0) + messages.length);
      return [...batches.values()].map(({ topic, partition }) => ({ topicName: topic, partition, errorCode: 0 }));
    };
    const fake: Pick<Producer, 'connect' | 'disconnect' | 'sendBatch'> = {
      connect: async () => {},
      disconnect: async () => {},
      sendBatch,
    };
    // of kafkajs' producer these three are what is used
    return fake as Producer;
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
  return Object.assign(new Error(type.toLowerCase().replaceAll('_', ' ')), { type, retriable: false });
}
