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

/**
 * Shuts previous writers of the topics out (docs/decisions/0005). Its promises reject with a Fault: never, where a later
 * writer took over, so that the numbers are previous ones themselves.
 */
export interface Fence {
  /** The next numbers of this writer; with them no topic is fenced yet. Whoever had the previous ones is refused from then on. */
  take(): Promise<ProducerNumbers>;
  /** Resolves when the leader of each partition refuses all previous numbers. */
  close(numbers: ProducerNumbers, topics: readonly TopicLayout[]): Promise<void>;
  /** Resolves where the numbers are this writer's last ones; nothing changes. */
  confirm(numbers: ProducerNumbers): Promise<void>;
}

/** How long a broker waits for the end of a transaction whose process died in the milliseconds that it is open. */
const TRANSACTION_TIMEOUT_MS = 60_000;
const NOT_READY_MS = 10_000;
const PAUSES_MS = [5, 10, 20, 50, 100, 200];

/** One writer for each client id, prefix and environment: a replay must not shut out the run whose frames it plays. */
export function transactionalIdOf({ clientId, topicPrefix }: KafkaConfig, environmentPrefix = ''): string {
  return `market-feed.${clientId}.${topicPrefix}${environmentPrefix}`;
}

type FenceBrokers = Pick<Brokers, 'coordinator'>;

/**
 * A fence of empty transactions: ending one puts a mark with the writer's present epoch into each partition, and a leader
 * takes nothing of the same producer with an older epoch behind it.
 */
export class TransactionFence implements Fence {
  readonly #brokers: FenceBrokers;
  readonly #transactionalId: string;
  readonly #signal: AbortSignal;

  constructor(brokers: FenceBrokers, transactionalId: string, signal: AbortSignal) {
    this.#brokers = brokers;
    this.#transactionalId = transactionalId;
    this.#signal = signal;
  }

  take(): Promise<ProducerNumbers> {
    return this.#asFault(this.#ask((broker) => broker.initProducerId(this.#transactionalId, TRANSACTION_TIMEOUT_MS)));
  }

  close(numbers: ProducerNumbers, topics: readonly TopicLayout[]): Promise<void> {
    const transaction = this.#transaction(numbers);
    const partitions = topics.map(({ topic, partitionCount }) => ({
      topic,
      partitions: Array.from({ length: partitionCount }, (_, partition) => partition),
    }));
    const close = async () => {
      await this.#ask((broker) => broker.addPartitionsToTransaction(transaction, partitions));
      // The first answer says that it will be ended. Asked again, the coordinator says so only when each partition has its mark.
      await this.#ask((broker) => broker.endTransaction(transaction));
      await this.#ask((broker) => broker.endTransaction(transaction));
    };
    return this.#asFault(close());
  }

  confirm(numbers: ProducerNumbers): Promise<void> {
    const ended = this.#ask((broker) => broker.endTransaction(this.#transaction(numbers)));
    return this.#asFault(
      ended.catch((error: unknown) => {
        // there was none to end, and the numbers are right
        if (!isNoTransaction(error)) throw error;
      }),
    );
  }

  #transaction({ producerId, producerEpoch }: ProducerNumbers): Transaction {
    return { transactionalId: this.#transactionalId, producerId, producerEpoch };
  }

  /** Repeats what the coordinator is not ready for yet: it loads, it moved, or it still ends a transaction. */
  async #ask<T>(request: (broker: BrokerConnection) => Promise<T>): Promise<T> {
    const started = performance.now();
    for (let failures = 0; ; failures++) {
      try {
        return await (await this.#brokers.coordinator('transaction', this.#transactionalId))(request);
      } catch (error) {
        if (!isNotYetCoordinated(error) || performance.now() - started > NOT_READY_MS) throw error;
        const pauseMs = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)];
        await delay(pauseMs, undefined, { signal: this.#signal });
      }
    }
  }

  async #asFault<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  #faultOf(error: unknown): Fault {
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
