import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import { Brokers } from '../brokers.ts';
import type { KafkaConfig, KafkaLog } from '../config.ts';
import type { BrokerConnection, Member, MemberBytes } from '../contract.ts';
import { isNotYetCoordinated, isRefusedSession, kafkaFault, membershipVerdict } from '../kafka-error.ts';
import { PartitionedTopic } from '../reading/partitioned-topic.ts';
import { decodeAssignment, encodeAssignment, encodeSubscription, subscribedUserData } from './consumer-protocol.ts';

export interface GroupOptions {
  readonly group: string;
  /** After so long without a heartbeat the group goes on without this member, milliseconds. */
  readonly sessionTimeoutMs: number;
  /** How the member that the coordinator picks shares out; all members of a group have the same; in turn by default. */
  readonly assigner?: Assigner;
}

export interface Assigner {
  /** By which the members know that they have the same. */
  readonly name: string;
  /** What the one who shares out hears of this member; asked with each join. `isNew`: the group does not know it, or no more. */
  about(isNew: boolean): Buffer;
  /** Each partition to one member, by member id. */
  share(members: readonly AboutMember[], partitions: readonly number[]): ReadonlyMap<string, readonly number[]>;
  /** What the one who shares out tells all of them with it. */
  userData?(members: readonly AboutMember[]): Buffer;
  onUserData?(data: Buffer): void;
}

export interface AboutMember {
  readonly id: string;
  readonly about: Buffer;
}

/** What fell to this member until the next rebalance: by partition the offset committed; undefined: none yet. */
export type Share = ReadonlyMap<number, bigint | undefined>;

const LEAVE_WITHIN_MS = 1000;
/** A coordinator that has just started is looked for so often. */
const TRIES = 20;
const PAUSE_MS = 200;
const REQUEST_TIMEOUT_MS = 10_000;
const ANSWER_MS = 5000;

/**
 * A place in a consumer group that shares the partitions of one topic. It joins, beats and commits, and reads nothing:
 * so a slow or a broken reading costs no heartbeat, and a broken connection of the one is none of the other's.
 * Group name, offsets and heartbeats are those of any Kafka consumer; the group shows in Kafka's own tools.
 */
export class GroupMember {
  readonly #topic: string;
  readonly #options: GroupOptions;
  readonly #assigner: Assigner;
  readonly #brokers: Brokers;
  #coordinator: Awaited<ReturnType<Brokers['coordinator']>> | undefined;
  #memberId = '';
  #generation = -1;
  /** How many partitions it shared out; undefined: another member did. */
  #sharedOut: number | undefined;

  constructor(config: KafkaConfig, topic: string, options: GroupOptions, log: KafkaLog, brokers?: Brokers) {
    this.#topic = topic;
    this.#options = options;
    this.#assigner = options.assigner ?? IN_TURN;
    // A join is answered when all members have joined, or their session is over.
    const requestTimeoutMs = Math.max(REQUEST_TIMEOUT_MS, options.sessionTimeoutMs + ANSWER_MS);
    this.#brokers = brokers ?? new Brokers(config, log, { requestTimeoutMs });
  }

  /** Another one after a join: in between the group went on without this member. */
  get id(): string {
    return this.#memberId;
  }

  /**
   * Takes part in the sharing out; waits for the other members. Rejects with a Fault where the brokers fail: call again,
   * unless it says never, as of a session timeout that they refuse a new member.
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

  /** False: the share is no longer this member's; commit, then join again. Rejects with a Fault where the brokers fail. */
  async beat(): Promise<boolean> {
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
   * False: the topic was given partitions that nobody has; join again, and they are shared out. True of a member that
   * did not do the sharing. Rejects with a Fault where the brokers fail.
   */
  async sharesAll(): Promise<boolean> {
    if (this.#sharedOut === undefined) return true;
    try {
      return (await this.#partitions()).length === this.#sharedOut;
    } catch (error) {
      throw kafkaFault(error);
    }
  }

  /** Remembers with the group where to go on, by partition. False: it is too late, the share went to others. */
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

  /** Tells the group, so that others need not wait for the session to run out, and disconnects. */
  async leave(): Promise<void> {
    const left = this.#memberId === '' ? undefined : this.#coordinator?.((broker) => broker.leaveGroup(this.#member()));
    await Promise.race([left?.catch(() => {}), delay(LEAVE_WITHIN_MS, undefined, { ref: false })]);
    this.end();
  }

  /** Cuts what is under way. */
  end(): void {
    this.#brokers.end();
  }

  async #join(): Promise<Share> {
    const { group, sessionTimeoutMs } = this.#options;
    const userData = this.#assigner.about(this.#memberId === '');
    // Members of another topic, another cluster's, are refused by the group instead of being given its partitions.
    const name = `${this.#assigner.name}:${this.#topic}`;
    const protocol = { name, metadata: encodeSubscription(this.#topic, userData) };
    const joined = await this.#ask((broker) =>
      broker.joinGroup({ group, memberId: this.#memberId, sessionTimeoutMs, protocol }),
    );
    this.#memberId = joined.memberId;
    this.#generation = joined.generation;
    this.#sharedOut = undefined;
    const isLeader = joined.memberId === joined.leaderId;
    const assignments = isLeader ? await this.#shareOut(joined.members.map(aboutMember)) : [];
    const bytes = await this.#ask((broker) => broker.syncGroup(this.#member(), assignments));
    const assigned = decodeAssignment(this.#topic, bytes);
    if (assigned.userData.length > 0) this.#assigner.onUserData?.(assigned.userData);
    return this.#committed(assigned.partitions);
  }

  /** Done by the member that the coordinator picked. */
  async #shareOut(members: readonly AboutMember[]): Promise<readonly MemberBytes[]> {
    const partitions = await this.#partitions();
    this.#sharedOut = partitions.length;
    const userData = this.#assigner.userData?.(members) ?? NOTHING;
    return [...this.#assigner.share(members, partitions)].map(([memberId, share]) => ({
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
    const { group } = this.#options;
    const offsets = await this.#ask((broker) => broker.committedOffsets(group, this.#topic, partitions));
    return new Map(partitions.map((partition) => [partition, offsets.get(partition)]));
  }

  #refusedSession(cause: unknown): Fault {
    const message = `kafka: the brokers do not allow a session timeout of ${this.#options.sessionTimeoutMs} ms (their group.min.session.timeout.ms and group.max.session.timeout.ms)`;
    return new Fault('sink', message, { retry: { kind: 'never' }, cause });
  }

  #member(): Member {
    return { group: this.#options.group, memberId: this.#memberId, generation: this.#generation };
  }

  async #ask<T>(request: (broker: BrokerConnection) => Promise<T>): Promise<T> {
    this.#coordinator ??= await this.#brokers.coordinator('group', this.#options.group);
    return this.#coordinator(request);
  }

  /**
   * True: the member has to join again. Where the error is none of the group's, the coordinator is looked for anew. What
   * was asked in a generation that a join has ended meanwhile says nothing of the member that it is now.
   */
  #isOver(error: unknown, generation = this.#generation): boolean {
    const verdict = membershipVerdict(error);
    if (verdict === 'forgotten' && generation === this.#generation) this.#memberId = '';
    if (verdict === 'passing') this.#coordinator = undefined;
    return verdict !== 'passing';
  }
}

const NOTHING = Buffer.alloc(0);

const IN_TURN: Assigner = {
  name: 'roundrobin',
  about: () => NOTHING,
  share: (members, partitions) =>
    sharesOf(
      members.map(({ id }) => id),
      partitions,
    ),
};

function aboutMember({ memberId, bytes }: MemberBytes): AboutMember {
  return { id: memberId, about: subscribedUserData(bytes) };
}

/** The partitions in turn to the members, by the order of their ids: shares differ by one at most. */
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
