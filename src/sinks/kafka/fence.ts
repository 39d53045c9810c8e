import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import type { Brokers } from '../../kafka/brokers.ts';
import type { KafkaConfig } from '../../kafka/config.ts';
import type { BrokerConnection, ProducerIdAndEpoch, Transaction } from '../../kafka/contract.ts';
import {
  isNoTransaction,
  isNotYetCoordinated,
  isRefusedTransactionalId,
  isTakenOver,
  kafkaFault,
  reasonOf,
} from '../../kafka/kafka-error.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';

/* Makes the brokers refuse records of previous writers to the same topics. */

/** How long a broker keeps a transaction open if the process that began it dies. */
const TRANSACTION_TIMEOUT_MS = 60_000;
const NOT_READY_MS = 10_000;
const PAUSES_MS = [5, 10, 20, 50, 100, 200];

/** The second writer to the topics of a feed: it heals gaps. */
export const HEALER = 'healer';

/**
 * The transactional id of a writer. Client id, prefix and environment are in it: a replay must not shut out a live run.
 * @param writer names a second writer to the same topics, which has a fence of its own
 */
export function transactionalIdOf({ clientId, topicPrefix }: KafkaConfig, environmentPrefix = '', writer = ''): string {
  return `market-feed.${clientId}.${topicPrefix}${environmentPrefix}${writer}`;
}

type FenceBrokers = Pick<Brokers, 'coordinator'>;

/**
 * All topics are fenced again each day: a coordinator forgets an id after a week without use
 * (transactional.id.expiration.ms).
 */
const AGAIN_MS = 86_400_000;
const RETRY_MS = 1000;

/**
 * Shuts out previous writers of the topics by empty transactions (docs/decisions/0005). The end of a transaction puts a
 * marker with the writer's epoch into each partition; after it, a leader refuses older epochs of the same producer.
 * Promises reject with a Fault; its retry is `never` if a later writer took over.
 */
export class Fence {
  readonly #brokers: FenceBrokers;
  readonly #transactionalId: string;
  readonly #now: () => number;
  readonly #signal: AbortSignal;
  #producer: ProducerIdAndEpoch | undefined;
  /** By topic: how many of its partitions are fenced with the current epoch. */
  #fenced = new Map<string, number>();
  #againAt = 0;

  /** `now` returns the monotonic clock's time, milliseconds. */
  constructor(brokers: FenceBrokers, transactionalId: string, now: () => number, signal: AbortSignal) {
    this.#brokers = brokers;
    this.#transactionalId = transactionalId;
    this.#now = now;
    this.#signal = signal;
  }

  /** Fences the topics with a new epoch and returns it. If a later writer took over, rejects and fences no one. */
  async renew(layouts: ReadonlyMap<string, TopicLayout>): Promise<ProducerIdAndEpoch> {
    try {
      if (this.#producer !== undefined) await this.#confirm(this.#producer);
      const renewed = await this.#ask((broker) => broker.initProducerId(this.#transactionalId, TRANSACTION_TIMEOUT_MS));
      this.#producer = renewed;
      this.#fenced = new Map();
      this.#againAt = this.#now() + AGAIN_MS;
      await this.#closeNew(renewed, layouts);
      return renewed;
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  /** Fences new topics at once, and all topics again each day. */
  async keep(layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    const producer = this.#producer;
    if (producer === undefined) return;
    try {
      await this.#closeNew(producer, layouts);
      if (this.#now() >= this.#againAt) await this.#closeAgain(producer, layouts);
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  async #closeAgain(producer: ProducerIdAndEpoch, layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    const now = this.#now();
    this.#againAt = now + AGAIN_MS;
    try {
      await this.#close(producer, [...layouts.values()]);
    } catch (error) {
      // If the coordinator is unavailable, records are written all the same, and the fence is retried after a second.
      if (this.#faultOf(error).retry.kind === 'never') throw error;
      this.#againAt = now + RETRY_MS;
    }
  }

  async #closeNew(producer: ProducerIdAndEpoch, layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    const open = [...layouts.values()].filter(
      ({ topic, partitionCount }) => partitionCount > (this.#fenced.get(topic) ?? 0),
    );
    if (open.length === 0) return;
    await this.#close(producer, open);
    for (const { topic, partitionCount } of open) this.#fenced.set(topic, partitionCount);
  }

  /** Resolves when each partition's leader refuses all previous epochs. */
  async #close(producer: ProducerIdAndEpoch, topics: readonly TopicLayout[]): Promise<void> {
    const transaction = this.#transaction(producer);
    const partitions = topics.map(({ topic, partitionCount }) => ({
      topic,
      partitions: Array.from({ length: partitionCount }, (_, partition) => partition),
    }));
    await this.#ask((broker) => broker.addPartitionsToTransaction(transaction, partitions));
    // The first answer means that the request is accepted. The second one comes when each partition has its marker.
    await this.#ask((broker) => broker.endTransaction(transaction));
    await this.#ask((broker) => broker.endTransaction(transaction));
  }

  /** Rejects if another writer has a newer epoch. */
  async #confirm(producer: ProducerIdAndEpoch): Promise<void> {
    try {
      await this.#ask((broker) => broker.endTransaction(this.#transaction(producer)));
    } catch (error) {
      // no transaction to end: the epoch is still valid
      if (!isNoTransaction(error)) throw error;
    }
  }

  #transaction({ producerId, producerEpoch }: ProducerIdAndEpoch): Transaction {
    return { transactionalId: this.#transactionalId, producerId, producerEpoch };
  }

  /** Retries the request for 10 s while the coordinator loads, moves, or still ends a transaction. */
  async #ask<T>(request: (broker: BrokerConnection) => Promise<T>): Promise<T> {
    const started = this.#now();
    for (let failures = 0; ; failures++) {
      try {
        return await (await this.#brokers.coordinator('transaction', this.#transactionalId))(request);
      } catch (error) {
        if (!isNotYetCoordinated(error) || this.#now() - started > NOT_READY_MS) throw error;
        const pauseMs = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)];
        await delay(pauseMs, undefined, { signal: this.#signal });
      }
    }
  }

  #faultOf(error: unknown): Fault {
    if (error instanceof Fault) return error;
    const id = this.#transactionalId;
    if (isTakenOver(error)) {
      const message = `kafka: another writer with the same kafka.client_id and topic_prefix took over (${id})`;
      return new Fault('sink', message, { retry: { kind: 'never' }, cause: error });
    }
    if (isRefusedTransactionalId(error)) {
      const message = `kafka: not allowed to use the transactional id ${id}: it needs Write and Describe, to shut out previous writers`;
      return new Fault('sink', message, { retry: { kind: 'never' }, cause: error });
    }
    if (!isNotYetCoordinated(error)) return kafkaFault(error);
    const message = `kafka: no coordinator for the transactional id ${id} (${reasonOf(error)}): are there as many brokers as transaction.state.log.replication.factor asks for?`;
    return new Fault('sink', message, { cause: error });
  }
}
