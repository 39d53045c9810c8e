import { setTimeout as delay } from 'node:timers/promises';
import type { Compression, KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import type { ProducerNumbers } from '../../kafka/coordination.ts';
import {
  CompressionTypes,
  KafkaConnection,
  type PartitionerArgs,
  type Producer,
  sortedMessages,
} from '../../kafka/kafkajs/kafkajs.ts';
import { TransactionFence } from './fence.ts';
import type { Part, Placed, Send } from './parts.ts';
import { Moved, type Reach, type Writer } from './writer.ts';

/** How long the broker waits for its replicas; less than the request's own timeout. */
const REPLICAS_TIMEOUT_MS = 8000;
const DISCONNECT_MS = 500;
const NO_PARTS: readonly Part[] = [];

const COMPRESSION: Readonly<Record<Compression, CompressionTypes>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

/** @throws Fault (never) where the configuration cannot be used. */
export function kafkajsReach(config: KafkaConfig, log: KafkaLog, transactionalId: string, signal: AbortSignal): Reach {
  const connection = new KafkaConnection(config, log);
  return {
    fence: new TransactionFence(connection, transactionalId, signal),
    writer: (numbers) => new KafkajsWriter(connection, numbers, config.compression, signal),
    cut: () => connection.cut(),
    end: () => connection.end(),
  };
}

/** kafkajs 2.2.4; why it is driven so: docs/decisions/0002. */
export class KafkajsWriter implements Writer {
  readonly #producer: Producer;
  readonly #compression: CompressionTypes;
  readonly #signal: AbortSignal;

  /** `signal`: no attempt is made any more. */
  constructor(
    connection: Pick<KafkaConnection, 'producer'>,
    numbers: ProducerNumbers,
    compression: Compression,
    signal: AbortSignal,
  ) {
    this.#compression = COMPRESSION[compression];
    this.#signal = signal;
    this.#producer = connection.producer(
      {
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        // As few as kafkajs lets an idempotent producer have: the repeating is done by its caller, where it can be stopped.
        retry: { retries: 1 },
        createPartitioner: () => (args) => this.#place(args),
      },
      numbers,
    );
  }

  connect(): Promise<void> {
    return this.#producer.connect();
  }

  async send(parts: readonly Part[], leader: number): Promise<readonly Part[]> {
    const layouts = new Map(parts.map(({ layout }) => [layout.topic, layout]));
    const send: Send = { leader, layouts, moved: false };
    for (const { messages } of parts) for (const message of messages) message.send = send;
    const byTopic = Map.groupBy(parts, ({ layout }) => layout.topic);
    try {
      const answers = await this.#producer.sendBatch({
        acks: -1,
        timeout: REPLICAS_TIMEOUT_MS,
        compression: this.#compression,
        topicMessages: [...byTopic].map(([topic, ofTopic]) => ({ topic, messages: sortedMessages(ofTopic) })),
      });
      // One that its topic does not have (any more) is passed over.
      if (answers.length === parts.length) return NO_PARTS;
      return parts.filter(
        ({ layout, partition }) =>
          !answers.some((answer) => answer.topicName === layout.topic && answer.partition === partition),
      );
    } catch (error) {
      throw send.moved ? new Moved() : error;
    }
  }

  /** kafkajs' partitioner: a message stays in the partition that it was first given, and the call ends where that moved to another broker. */
  #place({ topic, partitionMetadata, message }: PartitionerArgs): number {
    if (this.#signal.aborted) throw new NotSent('closed');
    // kafkajs hands back the very objects that `send` gave it
    const { partition, send } = message as unknown as Placed;
    const layout = send.layouts.get(topic);
    layout?.learn(partitionMetadata);
    if (layout?.leaderOf(partition) !== send.leader) {
      send.moved = true;
      throw new NotSent(`partition ${partition} of ${topic} moved`);
    }
    return partition;
  }

  /** kafkajs waits for requests under way; where none is answered any more, not for long. */
  async disconnect(): Promise<void> {
    const timeout = new AbortController();
    const waited = delay(DISCONNECT_MS, undefined, { signal: timeout.signal }).catch(() => {});
    await Promise.race([this.#producer.disconnect().catch(() => {}), waited]);
    timeout.abort();
  }
}

/** Ends a call of kafkajs before anything is sent. */
class NotSent extends Error {
  readonly retriable = false;
}
