import { Partitioners, type PartitionMetadata } from './kafkajs.ts';

/** Where the keys of a topic go: Java's partition of a key, and each partition's leader as last heard of. */
export class TopicLayout {
  readonly topic: string;
  #metadata: readonly PartitionMetadata[] = [];
  #leaders: number[] = [];
  /** Of each key ever asked for: the hash is dear, the keys are few. */
  #partitions = new Map<string, number>();

  constructor(topic: string, metadata: readonly PartitionMetadata[]) {
    this.topic = topic;
    this.learn(metadata);
  }

  /** Takes newer metadata of the client over. */
  learn(metadata: readonly PartitionMetadata[]): void {
    if (metadata === this.#metadata) return;
    if (metadata.length !== this.#metadata.length) this.#partitions.clear();
    this.#metadata = metadata;
    this.#leaders = [];
    for (const { partitionId, leader } of metadata) this.#leaders[partitionId] = leader;
  }

  get partitionCount(): number {
    return this.#metadata.length;
  }

  /** The broker that leads the partition; -1: none, or not known. */
  leaderOf(partition: number): number {
    return this.#leaders[partition] ?? -1;
  }

  partitionOf(key: string): number {
    let partition = this.#partitions.get(key);
    if (partition === undefined) {
      if (this.#partitions.size >= MAX_KEYS) this.#partitions.clear();
      partition = javaPartition({
        topic: this.topic,
        partitionMetadata: [...this.#metadata],
        message: { key, value: null },
      });
      this.#partitions.set(key, partition);
    }
    return partition;
  }
}

const MAX_KEYS = 50_000;
/** murmur2 of the key's UTF-8 bytes, as Java's producer. */
const javaPartition = Partitioners.DefaultPartitioner();
