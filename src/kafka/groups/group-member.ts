import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import { Brokers } from '../brokers.ts';
import type { KafkaConfig, KafkaLog } from '../config.ts';
import type { BrokerConnection, Member, MemberBytes } from '../contract.ts';
import { isNotYetCoordinated, isRefusedSession, kafkaFault, membershipErrorClass } from '../kafka-error.ts';
import { PartitionedTopic } from '../reading/partitioned-topic.ts';
import { decodeAssignment, encodeAssignment, encodeSubscription, subscribedUserData } from './consumer-protocol.ts';

export interface GroupOptions {
  readonly group: string;
  /** The group drops this member after this long without a heartbeat, milliseconds. */
  readonly sessionTimeoutMs: number;
  /** How the leader assigns partitions; the same for all members of a group; round robin by default. */
  readonly assigner?: Assigner;
}

export interface Assigner {
  /** All members of a group need the same name. */
  readonly name: string;
  /** This member's data for the leader, sent with each join. `isNew`: the group does not know the member. */
  about(isNew: boolean): Buffer;
  /** Assigns each partition to one member, by member id. */
  share(members: readonly AboutMember[], partitions: readonly number[]): ReadonlyMap<string, readonly number[]>;
  /** Returns the leader's data for all members. `shares` is what `share` returned. */
  userData?(members: readonly AboutMember[], shares: ReadonlyMap<string, readonly number[]>): Buffer;
  onUserData?(data: Buffer): void;
}

export interface AboutMember {
  readonly id: string;
  readonly about: Buffer;
}

/** This member's partitions until the next rebalance, with their committed offsets; undefined: none yet. */
export type Share = ReadonlyMap<number, bigint | undefined>;

const LEAVE_WITHIN_MS = 1000;
/** Maximum tries to join, because a coordinator may have just started. */
const TRIES = 20;
const PAUSE_MS = 200;
const REQUEST_TIMEOUT_MS = 10_000;
const ANSWER_MS = 5000;

/**
 * A member of a consumer group that shares the partitions of one topic. It reads no records, so slow or failed reading
 * does not delay heartbeats. It uses Kafka's own group protocol, so Kafka's tools show the group.
 */
export class GroupMember {
  readonly #topic: string;
  readonly #options: GroupOptions;
  readonly #assigner: Assigner;
  readonly #brokers: Brokers;
  #coordinator: Awaited<ReturnType<Brokers['coordinator']>> | undefined;
  /** Empty before the first join. It changes if the group dropped this member before a join. */
  #id = '';
  #generation = -1;
  /** Number of partitions that this member assigned as leader; undefined: another member is the leader. */
  #sharedOut: number | undefined;

  constructor(config: KafkaConfig, topic: string, options: GroupOptions, log: KafkaLog, brokers?: Brokers) {
    this.#topic = topic;
    this.#options = options;
    this.#assigner = options.assigner ?? IN_TURN;
    // The answer to a join comes when all members have joined, or their sessions have timed out.
    const requestTimeoutMs = Math.max(REQUEST_TIMEOUT_MS, options.sessionTimeoutMs + ANSWER_MS);
    this.#brokers = brokers ?? new Brokers(config, log, { requestTimeoutMs });
  }

  get id(): string {
    return this.#id;
  }

  /**
   * Joins the group and waits for the other members. Rejects with a Fault if the brokers fail: call it again, unless the
   * retry is `never` (they refuse the session timeout).
   */
  async join(): Promise<Share> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#join();
      } catch (error) {
        if (this.#isOver(error)) continue;
        if (this.#generation === -1 && isRefusedSession(error)) throw this.#refusedSession(error);
        if (tries >= TRIES || !isNotYetCoordinated(error)) throw kafkaFault(error);
        await delay(PAUSE_MS);
      }
    }
  }

  /**
   * Sends a heartbeat. Returns false if the group rebalances or has dropped this member: commit, then join again.
   * Rejects with a Fault if the brokers fail.
   */
  async heartbeat(): Promise<boolean> {
    const generation = this.#generation;
    try {
      await this.#ask((broker) => broker.heartbeat(this.#member()));
      return true;
    } catch (error) {
      if (this.#isOver(error, generation)) return false;
      throw kafkaFault(error);
    }
  }

  /**
   * Returns false if this member is the leader and the topic has new partitions: join again. Rejects with a Fault if
   * the brokers fail.
   */
  async sharesAll(): Promise<boolean> {
    if (this.#sharedOut === undefined) return true;
    try {
      return (await this.#partitions()).length === this.#sharedOut;
    } catch (error) {
      throw kafkaFault(error);
    }
  }

  /**
   * Commits the offsets to resume at. Returns false if it is too late: the group rebalances or has dropped this member.
   */
  async commit(offsets: ReadonlyMap<number, bigint>): Promise<boolean> {
    if (offsets.size === 0) return true;
    const generation = this.#generation;
    try {
      await this.#ask((broker) => broker.commitOffsets(this.#member(), this.#topic, offsets));
      return true;
    } catch (error) {
      if (this.#isOver(error, generation)) return false;
      throw kafkaFault(error);
    }
  }

  /** Leaves the group, so that others need not wait for the session timeout, and disconnects. */
  async leave(): Promise<void> {
    const left = this.#id === '' ? undefined : this.#coordinator?.((broker) => broker.leaveGroup(this.#member()));
    await Promise.race([left?.catch(() => {}), delay(LEAVE_WITHIN_MS, undefined, { ref: false })]);
    this.end();
  }

  /** Disconnects at once. */
  end(): void {
    this.#brokers.end();
  }

  async #join(): Promise<Share> {
    const { group, sessionTimeoutMs } = this.#options;
    const userData = this.#assigner.about(this.#id === '');
    // The name keeps members for another topic out of the group: they would get partitions of this topic.
    const name = `${this.#assigner.name}:${this.#topic}`;
    const protocol = { name, metadata: encodeSubscription(this.#topic, userData) };
    const request = { group, memberId: this.#id, sessionTimeoutMs, protocol };
    const joined = await this.#ask((broker) => broker.joinGroup(request));
    this.#id = joined.memberId;
    this.#generation = joined.generation;
    this.#sharedOut = undefined;
    const isLeader = joined.memberId === joined.leaderId;
    const assignments = isLeader ? await this.#assign(joined.members.map(aboutMember)) : [];
    const bytes = await this.#ask((broker) => broker.syncGroup(this.#member(), assignments));
    const assigned = decodeAssignment(this.#topic, bytes);
    if (assigned.userData.length > 0) this.#assigner.onUserData?.(assigned.userData);
    return this.#committed(assigned.partitions);
  }

  async #assign(members: readonly AboutMember[]): Promise<readonly MemberBytes[]> {
    const partitions = await this.#partitions();
    this.#sharedOut = partitions.length;
    const shares = this.#assigner.share(members, partitions);
    const userData = this.#assigner.userData?.(members, shares) ?? NOTHING;
    return [...shares].map(([memberId, share]) => ({
      memberId,
      bytes: encodeAssignment(this.#topic, { partitions: share, userData }),
    }));
  }

  async #partitions(): Promise<readonly number[]> {
    const topic = new PartitionedTopic(this.#brokers, this.#topic);
    await topic.refresh();
    return topic.partitions.map(({ partitionId }) => partitionId);
  }

  async #committed(partitions: readonly number[]): Promise<Share> {
    if (partitions.length === 0) return new Map();
    const offsets = await this.#ask((broker) => broker.committedOffsets(this.#options.group, this.#topic, partitions));
    return new Map(partitions.map((partition) => [partition, offsets.get(partition)]));
  }

  #refusedSession(cause: unknown): Fault {
    const message = `kafka: the brokers do not allow a session timeout of ${this.#options.sessionTimeoutMs} ms (their group.min.session.timeout.ms and group.max.session.timeout.ms)`;
    return new Fault('sink', message, { retry: { kind: 'never' }, cause });
  }

  #member(): Member {
    return { group: this.#options.group, memberId: this.#id, generation: this.#generation };
  }

  async #ask<T>(request: (broker: BrokerConnection) => Promise<T>): Promise<T> {
    this.#coordinator ??= await this.#brokers.coordinator('group', this.#options.group);
    return this.#coordinator(request);
  }

  /**
   * True if the member has to join again. After any other error, the next request looks up the coordinator again. An
   * error of an earlier generation says nothing about the current member id.
   */
  #isOver(error: unknown, generation = this.#generation): boolean {
    const errorClass = membershipErrorClass(error);
    if (errorClass === 'forgotten' && generation === this.#generation) this.#id = '';
    if (errorClass === 'passing') this.#coordinator = undefined;
    return errorClass !== 'passing';
  }
}

const NOTHING = Buffer.alloc(0);

const idOf = ({ id }: AboutMember): string => id;
const IN_TURN: Assigner = {
  name: 'roundrobin',
  about: () => NOTHING,
  share: (members, partitions) => sharesOf(members.map(idOf), partitions),
};

function aboutMember({ memberId, bytes }: MemberBytes): AboutMember {
  return { id: memberId, about: subscribedUserData(bytes) };
}

/** Assigns partitions round robin, in the order of member ids. */
export function sharesOf(
  members: readonly string[],
  partitions: readonly number[],
): ReadonlyMap<string, readonly number[]> {
  const ordered = members.toSorted();
  return new Map(
    ordered.map((member, turn) => [
      member,
      partitions.toSorted((a, b) => a - b).filter((_, index) => index % ordered.length === turn),
    ]),
  );
}
