import type { ConnectionOptions } from 'node:tls';
import type { Fault } from '../domain/fault.ts';
import type { KafkaConfig, KafkaLog } from './config.ts';

/**
 * One connection to one broker, with the requests that market-feed makes. Each client library has an implementation;
 * each call is one attempt. Promises reject with a BrokerError. Its `type` names the broker's error; without a type
 * there was no answer, and the connection must not be used again.
 */
export interface BrokerConnection {
  metadata(topics: readonly string[] | 'all'): Promise<ClusterMetadata>;
  findCoordinator(kind: CoordinatorKind, id: string): Promise<BrokerAddress>;

  /**
   * Writes batches outside any transaction; all in-sync replicas acknowledge them. The answer may leave out batches.
   */
  produce(batches: readonly ProduceBatch[], producer: ProducerIdAndEpoch): Promise<readonly ProduceAnswer[]>;
  /**
   * Reads committed records from the offsets on, at most `maxBytes` of each partition. Waits up to `maxWaitMs` for the
   * first record.
   */
  fetch(
    topic: string,
    offsets: ReadonlyMap<number, bigint>,
    limits: { readonly maxWaitMs: number; readonly maxBytes: number },
  ): Promise<readonly FetchedPartition[]>;
  /** Returns, by partition, the offset of the first committed record at `at` or later; -1: there is none. */
  listOffsets(topic: string, partitions: readonly number[], at: OffsetAt): Promise<ReadonlyMap<number, bigint>>;

  /**
   * Creates topics; the broker must be the controller. Existing topics stay as they are. `validateOnly`: the broker
   * checks the request, and creates nothing.
   */
  createTopics(topics: readonly NewTopic[], options?: { readonly validateOnly: boolean }): Promise<void>;
  /** Returns settings of topics, by topic and then by name of the setting. */
  topicSettings(topics: readonly string[], names: readonly string[]): Promise<ReadonlyMap<string, TopicSettings>>;

  /* Requests to the coordinator of a transactional id. */
  initProducerId(transactionalId: string, timeoutMs: number): Promise<ProducerIdAndEpoch>;
  addPartitionsToTransaction(
    transaction: Transaction,
    topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
  ): Promise<void>;
  /** Commits the transaction; ours are always empty. */
  endTransaction(transaction: Transaction): Promise<void>;

  /* Requests to the coordinator of a group. */
  joinGroup(request: JoinRequest): Promise<Joined>;
  /** Returns this member's assignment. Only the leader passes `assignments`. */
  syncGroup(member: Member, assignments: readonly MemberBytes[]): Promise<Buffer>;
  heartbeat(member: Member): Promise<void>;
  leaveGroup(member: Omit<Member, 'generation'>): Promise<void>;
  /** Returns the members of a group with their assignments; none if there is no such group. */
  membersOf(group: string): Promise<readonly AssignedMember[]>;
  /** Returns the group's offsets by partition, without partitions that have none. */
  committedOffsets(group: string, topic: string, partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>>;
  commitOffsets(member: Member, topic: string, offsets: ReadonlyMap<number, bigint>): Promise<void>;

  /** Closes the connection at once; open requests fail. */
  close(): void;
}

/** Opens connections with one client library. */
export type OpenBroker = (options: OpenOptions) => Promise<BrokerConnection>;

export interface OpenOptions {
  readonly host: string;
  readonly port: number;
  readonly config: Pick<KafkaConfig, 'clientId' | 'compression' | 'sasl'>;
  /** undefined: no encryption. */
  readonly tls: ConnectionOptions | undefined;
  readonly requestTimeoutMs: number;
  readonly log: KafkaLog;
  /** Called when the connection is closed, by either side. */
  readonly onClosed: () => void;
  /** Aborts the opening. */
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
  /** Why the topic's partitions are unknown; undefined: they are known. */
  readonly error: Error | undefined;
  readonly partitions: readonly PartitionMetadata[];
}

export interface PartitionLeader {
  readonly partitionId: number;
  /** Id of the leading broker; -1: none. */
  readonly leader: number;
}

export interface PartitionMetadata extends PartitionLeader {
  readonly replicas: number;
}

/** Identifies an idempotent producer. */
export interface ProducerIdAndEpoch {
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface Transaction extends ProducerIdAndEpoch {
  readonly transactionalId: string;
}

/** Records of one partition that are stored together or not at all. */
export interface ProduceBatch {
  readonly topic: string;
  readonly partition: number;
  /** The sequence number of its first record in that partition, counted by the producer. */
  readonly sequence: number;
  /** The time of all its records, milliseconds since 1970. */
  readonly timestamp: number;
  readonly messages: readonly { readonly key: string; readonly value: Buffer }[];
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
  /** Last offset of the fetched batches, committed or not; undefined: none was fetched. */
  readonly lastOffset: bigint | undefined;
  /** True: later batches of the answer were left out, because together they take too much memory. */
  readonly isCut: boolean;
  readonly messages: readonly TopicMessage[];
}

export interface TopicMessage {
  readonly partition: number;
  readonly offset: string;
  /** The broker's append time, milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: string | null;
  /** null: a tombstone. A Fault of kind `malformed`: a whole batch that cannot be read; `offset` is its last one. */
  readonly value: Buffer | Fault | null;
}

/** `timeMs` is the broker's append time, milliseconds since 1970. */
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
  /** Empty for a new member. */
  readonly memberId: string;
  readonly sessionTimeoutMs: number;
  /** The assigner's name, and this member's data for the leader. */
  readonly protocol: { readonly name: string; readonly metadata: Buffer };
}

export interface Joined {
  readonly memberId: string;
  readonly generation: number;
  readonly leaderId: string;
  /** Filled for the leader only. */
  readonly members: readonly MemberBytes[];
}

/** A member of a group, as others see it. */
export interface AssignedMember {
  readonly memberId: string;
  /** The member's address, as the broker knows it. */
  readonly host: string;
  readonly assignment: Buffer;
}

/** A member's metadata, or its assignment. */
export interface MemberBytes {
  readonly memberId: string;
  readonly bytes: Buffer;
}
