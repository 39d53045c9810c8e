import type { ConnectionOptions } from 'node:tls';
import type { KafkaConfig, KafkaLog } from './config.ts';

/**
 * One connection to one broker: the requests that market-feed makes, each one attempt. A client library is an adapter
 * behind this interface and nothing else; retries, leaders, sequences and group membership are ours, once for all of
 * them. Each promise rejects with a BrokerError: its `type` names what the broker answered; without one there was no
 * answer, and the connection must not be used again.
 */
export interface BrokerConnection {
  metadata(topics: readonly string[] | 'all'): Promise<ClusterMetadata>;
  /** The broker that keeps a consumer group or a transactional id. */
  findCoordinator(kind: CoordinatorKind, id: string): Promise<BrokerAddress>;

  /** Acknowledged by all in-sync replicas, in no transaction; an answer for each batch that the broker speaks of. */
  produce(batches: readonly ProduceBatch[], numbers: ProducerNumbers): Promise<readonly ProduceAnswer[]>;
  /** By partition what is committed from the offset on, `maxBytes` a partition; waits up to `maxWaitMs` for the first record. */
  fetch(
    topic: string,
    offsets: ReadonlyMap<number, bigint>,
    limits: { readonly maxWaitMs: number; readonly maxBytes: number },
  ): Promise<readonly FetchedPartition[]>;
  /** By partition the offset of the first committed record at or behind a place; -1: there is none as late as that time. */
  listOffsets(topic: string, partitions: readonly number[], at: OffsetAt): Promise<ReadonlyMap<number, bigint>>;

  /** Asked of the controller. Topics that exist are left as they are. */
  createTopics(topics: readonly NewTopic[]): Promise<void>;
  /** By topic, then by name of the setting. */
  topicSettings(topics: readonly string[], names: readonly string[]): Promise<ReadonlyMap<string, TopicSettings>>;

  /* Asked of the transactional id's coordinator. */
  initProducerId(transactionalId: string, timeoutMs: number): Promise<ProducerNumbers>;
  addPartitionsToTransaction(
    transaction: Transaction,
    topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
  ): Promise<void>;
  /** Commits it; nothing of ours is ever in one. */
  endTransaction(transaction: Transaction): Promise<void>;

  /* Asked of the group's coordinator. */
  joinGroup(request: JoinRequest): Promise<Joined>;
  /** The assignment of this member; `assignments` come from the leader alone. */
  syncGroup(member: Member, assignments: readonly MemberBytes[]): Promise<Buffer>;
  heartbeat(member: Member): Promise<void>;
  leaveGroup(member: Omit<Member, 'generation'>): Promise<void>;
  /** By partition; those that the group has no offset of are left out. */
  committedOffsets(group: string, topic: string, partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>>;
  commitOffsets(member: Member, topic: string, offsets: ReadonlyMap<number, bigint>): Promise<void>;

  /** Cuts the connection at once; requests under way fail. */
  close(): void;
}

/** Opens connections by one client library. */
export type OpenBroker = (options: OpenOptions) => Promise<BrokerConnection>;

export interface OpenOptions {
  readonly host: string;
  readonly port: number;
  readonly config: Pick<KafkaConfig, 'clientId' | 'compression' | 'sasl'>;
  /** undefined: no encryption. */
  readonly tls: ConnectionOptions | undefined;
  readonly requestTimeoutMs: number;
  readonly log: KafkaLog;
  /** Called when the connection is over, whoever ended it. */
  readonly onClosed: () => void;
  /** Ends the opening. */
  readonly signal: AbortSignal;
}

export type CoordinatorKind = 'group' | 'transaction';

export interface BrokerAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export interface ClusterMetadata {
  readonly brokers: readonly BrokerAddress[];
  readonly controllerId: number;
  readonly topics: readonly TopicMetadata[];
}

export interface TopicMetadata {
  readonly topic: string;
  /** Why nothing is known of it. */
  readonly error: Error | undefined;
  readonly partitions: readonly PartitionMetadata[];
}

export interface PartitionLeader {
  readonly partitionId: number;
  /** Id of the broker that leads it; -1: none. */
  readonly leader: number;
}

export interface PartitionMetadata extends PartitionLeader {
  readonly replicas: number;
}

/** How brokers tell an idempotent producer, and its turn, from others. */
export interface ProducerNumbers {
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface Transaction extends ProducerNumbers {
  readonly transactionalId: string;
}

/** What a record of a record batch carries. */
export interface KeyedValue {
  readonly key: string;
  readonly value: Buffer;
}

/** The records of a partition that are stored whole or not at all. */
export interface ProduceBatch {
  readonly topic: string;
  readonly partition: number;
  /** The number of its first record among those of the same producer in that partition. */
  readonly sequence: number;
  /** Of all the records, milliseconds since 1970. */
  readonly timestamp: number;
  readonly messages: readonly KeyedValue[];
}

export interface ProduceAnswer {
  readonly topic: string;
  readonly partition: number;
  /** undefined: stored. */
  readonly error: Error | undefined;
}

export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: bigint;
  readonly lastStableOffset: bigint;
  /** Of the last record that came, committed or not; undefined: none did. */
  readonly lastOffset: bigint | undefined;
  readonly messages: readonly TopicMessage[];
}

export interface TopicMessage {
  readonly partition: number;
  readonly offset: string;
  /** The broker's append time, milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: string | null;
  /** null: a tombstone. */
  readonly value: Buffer | null;
}

/** A time is the broker's append time, milliseconds since 1970. */
export type OffsetAt = 'beginning' | 'end' | { readonly timeMs: number };

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  /** -1: the broker's default. */
  readonly replication: number;
  readonly settings: TopicSettings;
}

export type TopicSettings = Readonly<Record<string, string>>;

export interface Member {
  readonly group: string;
  readonly memberId: string;
  readonly generation: number;
}

export interface JoinRequest {
  readonly group: string;
  /** Empty: a new member. */
  readonly memberId: string;
  readonly sessionTimeoutMs: number;
  /** The assigner's name, and what its leader is to know of this member. */
  readonly protocol: { readonly name: string; readonly metadata: Buffer };
}

export interface Joined {
  readonly memberId: string;
  readonly generation: number;
  readonly leaderId: string;
  /** Told to the leader alone. */
  readonly members: readonly MemberBytes[];
}

/** A member's metadata, or its assignment. */
export interface MemberBytes {
  readonly memberId: string;
  readonly bytes: Buffer;
}
