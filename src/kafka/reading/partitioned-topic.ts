import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Brokers } from '../brokers.ts';
import type { BrokerConnection, OffsetAt, PartitionMetadata } from '../contract.ts';

/** A topic's partitions and their last known leaders. */
export class PartitionedTopic {
  readonly name: string;
  readonly #brokers: Pick<Brokers, 'at' | 'metadata'>;
  #partitions: readonly PartitionMetadata[];

  constructor(brokers: Pick<Brokers, 'at' | 'metadata'>, name: string, partitions: readonly PartitionMetadata[] = []) {
    this.#brokers = brokers;
    this.name = name;
    this.#partitions = partitions;
  }

  get partitions(): readonly PartitionMetadata[] {
    return this.#partitions;
  }

  /** Asks the brokers for the partitions and their leaders. Rejects if they do not know the topic. */
  async refresh(): Promise<void> {
    const [topic] = (await this.#brokers.metadata([this.name])).topics;
    if (topic?.error !== undefined) throw topic.error;
    this.#partitions = topic?.partitions ?? [];
  }

  /** Returns, by partition, the offset of the first committed record at `at` or later; -1: there is none. */
  async offsetsAt(partitions: readonly number[], at: OffsetAt): Promise<ReadonlyMap<number, bigint>> {
    const byLeader = this.byLeader(new Map(partitions.map((partition) => [partition, partition])));
    const found = Array.from(byLeader, ([leader, led]) =>
      this.ask(leader, (broker) => broker.listOffsets(this.name, [...led.keys()], at)),
    );
    return new Map((await Promise.all(found)).flatMap((offsets) => [...offsets]));
  }

  ask<T>(leader: number, request: (broker: BrokerConnection) => Promise<T>): Promise<T> {
    return this.#brokers.at(leader, request);
  }

  /** Groups the partitions' values by the broker that leads the partition. */
  byLeader<T>(ofPartitions: ReadonlyMap<number, T>): ReadonlyMap<number, ReadonlyMap<number, T>> {
    const leaders = new Map<number, Map<number, T>>();
    for (const { partitionId, leader } of this.#partitions) {
      const value = ofPartitions.get(partitionId);
      if (value === undefined) continue;
      getOrCreate(leaders, leader, () => new Map()).set(partitionId, value);
    }
    return leaders;
  }
}
