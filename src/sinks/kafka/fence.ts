import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import type { KafkaConfig } from '../../kafka/config.ts';
import type { Coordination, Coordinator, ProducerNumbers } from '../../kafka/coordination.ts';
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
 * Shuts former writers of the topics out (docs/decisions/0005). Its promises reject with a Fault: never, where a later
 * writer took over, so that the numbers are former ones themselves.
 */
export interface Fence {
  /** The next numbers of this writer; with them no topic is fenced yet. Whoever had the former ones is refused from then on. */
  take(): Promise<ProducerNumbers>;
  /** Resolves when the leader of each partition refuses all former numbers. */
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

/** A client library's connection, as far as a fence needs one. */
export interface Coordinated {
  coordination(): Promise<Coordination>;
}

/**
 * A fence of empty transactions: ending one puts a mark with the writer's present epoch into each partition, and a leader
 * takes nothing of the same producer with an older epoch behind it.
 */
export class TransactionFence implements Fence {
  readonly #connection: Coordinated;
  readonly #transactionalId: string;
  readonly #signal: AbortSignal;

  constructor(connection: Coordinated, transactionalId: string, signal: AbortSignal) {
    this.#connection = connection;
    this.#transactionalId = transactionalId;
    this.#signal = signal;
  }

  take(): Promise<ProducerNumbers> {
    const transactionalId = this.#transactionalId;
    return this.#withCoordinator((ask) =>
      ask((coordinator) => coordinator.initProducerId({ transactionalId, transactionTimeout: TRANSACTION_TIMEOUT_MS })),
    );
  }

  close(numbers: ProducerNumbers, topics: readonly TopicLayout[]): Promise<void> {
    const writer = this.#writer(numbers);
    const partitions = topics.map(({ topic, partitionCount }) => ({
      topic,
      partitions: Array.from({ length: partitionCount }, (_, partition) => partition),
    }));
    return this.#withCoordinator(async (ask) => {
      await ask((coordinator) => coordinator.addPartitionsToTxn({ ...writer, topics: partitions }));
      // The first answer says that it will be ended. Asked again, the coordinator says so only when each partition has its mark.
      await ask((coordinator) => coordinator.endTxn({ ...writer, transactionResult: true }));
      await ask((coordinator) => coordinator.endTxn({ ...writer, transactionResult: true }));
    });
  }

  confirm(numbers: ProducerNumbers): Promise<void> {
    const writer = this.#writer(numbers);
    return this.#withCoordinator(async (ask) => {
      try {
        await ask((coordinator) => coordinator.endTxn({ ...writer, transactionResult: true }));
      } catch (error) {
        // there was none to end, and the numbers are right
        if (!isNoTransaction(error)) throw error;
      }
    });
  }

  #writer({ producerId, producerEpoch }: ProducerNumbers): ProducerNumbers & { readonly transactionalId: string } {
    return { transactionalId: this.#transactionalId, producerId, producerEpoch };
  }

  async #withCoordinator<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    let coordination: Coordination | undefined;
    try {
      const asked = await this.#connection.coordination();
      coordination = asked;
      return await work((request) => this.#asked(asked, request));
    } catch (error) {
      throw this.#faultOf(error);
    } finally {
      await coordination?.end();
    }
  }

  /** Repeats what the coordinator is not ready for yet: it loads, it moved, or it still ends a transaction. */
  async #asked<T>(coordination: Coordination, request: (coordinator: Coordinator) => Promise<T>): Promise<T> {
    const started = performance.now();
    for (let failures = 0; ; failures++) {
      try {
        return await request(await coordination.coordinatorOf(this.#transactionalId));
      } catch (error) {
        if (!isNotYetCoordinated(error) || performance.now() - started > NOT_READY_MS) throw error;
        const pauseMs = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)];
        await delay(pauseMs, undefined, { signal: this.#signal });
      }
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

type Ask = <T>(request: (coordinator: Coordinator) => Promise<T>) => Promise<T>;
