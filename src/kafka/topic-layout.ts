import type { PartitionLeader } from './contract.ts';

/** The partition of each key, as Java's producer chooses it, and each partition's last known leader. */
export class TopicLayout {
  readonly topic: string;
  #metadata: readonly PartitionLeader[] = [];
  #leaders: number[] = [];
  /** Partitions by key, remembered because the hash is expensive and there are few keys. */
  #partitions = new Map<string, number>();

  constructor(topic: string, metadata: readonly PartitionLeader[]) {
    this.topic = topic;
    this.learn(metadata);
  }

  /** Replaces the metadata by newer metadata. */
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

  /** The broker that leads the partition; -1: none, or unknown. */
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

/** The partition that Java's producer gives a key: murmur2 of its UTF-8 bytes modulo the number of partitions. */
export function partitionOf(key: string, count: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fff_ffff) % count;
}

const SEED = 0x9747_b28c;
const MULTIPLIER = 0x5bd1_e995;

/** Computes what Kafka's org.apache.kafka.common.utils.Utils.murmur2 does: a signed 32-bit number. */
function murmur2(bytes: Buffer): number {
  const wholeWords = bytes.length & ~3;
  let hash = SEED ^ bytes.length;
  for (let at = 0; at < wholeWords; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), MULTIPLIER);
    word = Math.imul(word ^ (word >>> 24), MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  if (wholeWords < bytes.length)
    hash = Math.imul(hash ^ bytes.readUIntLE(wholeWords, bytes.length - wholeWords), MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}
