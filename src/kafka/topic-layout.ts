import { Partitioners, type PartitionMetadata } from './kafkajs/kafkajs.ts';

export type PartitionLeader = Pick<PartitionMetadata, 'partitionId' | 'leader'>;

/** Where the keys of a topic go: Java's partition of a key, and each partition's leader as last heard of. */
export class TopicLayout {
  readonly topic: string;
  #metadata: readonly PartitionLeader[] = [];
  #leaders: number[] = [];
  /** Of each key ever asked for: the hash is dear, the keys are few. */
  #partitions = new Map<string, number>();

  constructor(topic: string, metadata: readonly PartitionLeader[]) {
    this.topic = topic;
    this.learn(metadata);
  }

  /** Takes newer metadata of the client over. */
  learn(metadata: readonly PartitionLeader[]): void {
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
      partition = partitionOf(key, this.#metadata.length);
      this.#partitions.set(key, partition);
    }
    return partition;
  }
}

const MAX_KEYS = 50_000;
const javaPartition = Partitioners.DefaultPartitioner();

/** murmur2 of the key's UTF-8 bytes modulo the number of partitions, as Java's producer. */
export function partitionOf(key: string, count: number): number {
  return javaPartition({ topic: '', partitionMetadata: ledPartitions(count), message: { key, value: null } });
}

const led = new Map<number, PartitionMetadata[]>();

/** As a client hears of them: it looks at the leaders even where the key alone decides. */
function ledPartitions(count: number): PartitionMetadata[] {
  const known = led.get(count);
  if (known !== undefined) return known;
  const partitions = Array.from({ length: count }, (_, partitionId) => ({
    ...{ partitionId, leader: 0, partitionErrorCode: 0 },
    ...{ replicas: [], isr: [], offlineReplicas: [] },
  }));
  led.set(count, partitions);
  return partitions;
}
