import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import type { Brokers } from '../../kafka/brokers.ts';
import type { KafkaConfig } from '../../kafka/config.ts';
import type { BrokerConnection, ProducerNumbers, Transaction } from '../../kafka/contract.ts';
import {
  isNoTransaction,
  isNotYetCoordinated,
  isRefusedTransactionalId,
  isTakenOver,
  kafkaFault,
  reasonOf,
} from '../../kafka/kafka-error.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';

/** How long a broker waits for the end of a transaction whose process died in the milliseconds that it is open. */
const TRANSACTION_TIMEOUT_MS = 60_000;
const NOT_READY_MS = 10_000;
const PAUSES_MS = [5, 10, 20, 50, 100, 200];

/** One writer for each client id, prefix and environment: a replay must not shut out the run whose frames it plays. */
export function transactionalIdOf({ clientId, topicPrefix }: KafkaConfig, environmentPrefix = ''): string {
  return `market-feed.${clientId}.${topicPrefix}${environmentPrefix}`;
}

type FenceBrokers = Pick<Brokers, 'coordinator'>;

/** A coordinator forgets a transactional id that was not used for a week (transactional.id.expiration.ms). */
const AGAIN_MS = 86_400_000;
const RETRY_MS = 1000;

/**
 * Shuts previous writers of the topics out by empty transactions (docs/decisions/0005): ending one puts a mark with the
 * writer's present epoch into each partition, and a leader takes nothing of the same producer with an older epoch behind
 * it. Its promises reject with a Fault: never, where a later writer took over.
 */
export class Fence {
  readonly #brokers: FenceBrokers;
  readonly #transactionalId: string;
  readonly #now: () => number;
  readonly #signal: AbortSignal;
  #numbers: ProducerNumbers | undefined;
  /** By topic: how many of its partitions are fenced with the present numbers. */
  #fenced = new Map<string, number>();
  #againAt = 0;

  /** `now` in milliseconds. */
  constructor(brokers: FenceBrokers, transactionalId: string, now: () => number, signal: AbortSignal) {
    this.#brokers = brokers;
    this.#transactionalId = transactionalId;
    this.#now = now;
    this.#signal = signal;
  }

  /**
   * The next numbers of this writer, the topics fenced with them; whoever had the previous ones is refused from then on.
   * Not where a later writer took the previous ones over: that one would be shut out in turn.
   */
  async renew(layouts: ReadonlyMap<string, TopicLayout>): Promise<ProducerNumbers> {
    try {
      if (this.#numbers !== undefined) await this.#confirm(this.#numbers);
      const numbers = await this.#ask((broker) => broker.initProducerId(this.#transactionalId, TRANSACTION_TIMEOUT_MS));
      this.#numbers = numbers;
      this.#fenced = new Map();
      this.#againAt = this.#now() + AGAIN_MS;
      await this.#closeNew(numbers, layouts);
      return numbers;
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  /** Fences topics that are new here, and all again each day. */
  async keep(layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    const numbers = this.#numbers;
    if (numbers === undefined) return;
    try {
      await this.#closeNew(numbers, layouts);
      if (this.#now() >= this.#againAt) await this.#closeAgain(numbers, layouts);
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  async #closeAgain(numbers: ProducerNumbers, layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    const now = this.#now();
    this.#againAt = now + AGAIN_MS;
    try {
      await this.#close(numbers, [...layouts.values()]);
    } catch (error) {
      // Records do not wait for a coordinator that is away.
      if (this.#faultOf(error).retry.kind === 'never') throw error;
      this.#againAt = now + RETRY_MS;
    }
  }

  async #closeNew(numbers: ProducerNumbers, layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    const open = [...layouts.values()].filter(
      ({ topic, partitionCount }) => partitionCount > (this.#fenced.get(topic) ?? 0),
    );
    if (open.length === 0) return;
    await this.#close(numbers, open);
    for (const { topic, partitionCount } of open) this.#fenced.set(topic, partitionCount);
  }

  /** Resolves when the leader of each partition refuses all previous numbers. */
  async #close(numbers: ProducerNumbers, topics: readonly TopicLayout[]): Promise<void> {
    const transaction = this.#transaction(numbers);
    const partitions = topics.map(({ topic, partitionCount }) => ({
      topic,
      partitions: Array.from({ length: partitionCount }, (_, partition) => partition),
    }));
    await this.#ask((broker) => broker.addPartitionsToTransaction(transaction, partitions));
    // The first answer says that it will be ended. Asked again, the coordinator says so only when each partition has its mark.
    await this.#ask((broker) => broker.endTransaction(transaction));
    await this.#ask((broker) => broker.endTransaction(transaction));
  }

  /** Resolves where the numbers are this writer's last ones; nothing changes. */
  async #confirm(numbers: ProducerNumbers): Promise<void> {
    try {
      await this.#ask((broker) => broker.endTransaction(this.#transaction(numbers)));
    } catch (error) {
      // there was none to end, and the numbers are right
      if (!isNoTransaction(error)) throw error;
    }
  }

  #transaction({ producerId, producerEpoch }: ProducerNumbers): Transaction {
    return { transactionalId: this.#transactionalId, producerId, producerEpoch };
  }

  /** Repeats what the coordinator is not ready for yet: it loads, it moved, or it still ends a transaction. */
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
      const message = `kafka: not allowed to use the transactional id ${id}: it needs Write and Describe, to shut former writers out`;
      return new Fault('sink', message, { retry: { kind: 'never' }, cause: error });
    }
    if (!isNotYetCoordinated(error)) return kafkaFault(error);
    const message = `kafka: no coordinator for the transactional id ${id} (${reasonOf(error)}): are there as many brokers as transaction.state.log.replication.factor asks for?`;
    return new Fault('sink', message, { cause: error });
  }
}
