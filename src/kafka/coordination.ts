/** How brokers tell an idempotent producer, and its turn, from others. */
export interface ProducerNumbers {
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** What a writer asks the broker that keeps its transactional id. Rejections name Kafka's error in `type`. */
export interface Coordinator {
  /** `transactionTimeout` in milliseconds. */
  initProducerId(request: { transactionalId: string; transactionTimeout: number }): Promise<ProducerNumbers>;
  addPartitionsToTxn(
    request: ProducerNumbers & { transactionalId: string; topics: { topic: string; partitions: number[] }[] },
  ): Promise<unknown>;
  endTxn(request: ProducerNumbers & { transactionalId: string; transactionResult: boolean }): Promise<unknown>;
}

/** A way to coordinators, whichever brokers those are at the moment. */
export interface Coordination {
  coordinatorOf(transactionalId: string): Promise<Coordinator>;
  end(): Promise<void>;
}
