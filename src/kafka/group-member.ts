import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../domain/fault.ts';
import type { KafkaConfig, KafkaLog } from './config.ts';
import {
  isNotYetCoordinated,
  isRefusedSession,
  kafkaFault,
  membershipVerdict,
  needsNewConnection,
} from './kafka-error.ts';
import { AssignerProtocol, type Cluster, type GroupBroker, KafkaConnection } from './kafkajs/kafkajs.ts';

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
  tell?(members: readonly AboutMember[]): Buffer;
  hear?(told: Buffer): void;
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

/**
 * A place in a consumer group that shares the partitions of one topic. It joins, beats and commits, and reads nothing:
 * so a slow or a broken reading costs no heartbeat, and a broken connection of the one is none of the other's.
 * Group name, offsets and heartbeats are those of any Kafka consumer; the group shows in Kafka's own tools.
 */
export class GroupMember {
  readonly #topic: string;
  readonly #options: GroupOptions;
  readonly #assigner: Assigner;
  readonly #connection: KafkaConnection;
  readonly #cluster: Cluster;
  #coordinator: GroupBroker | undefined;
  #memberId = '';
  #generation = -1;
  /** How many partitions it shared out; undefined: another member did. */
  #sharedOut: number | undefined;

  constructor(config: KafkaConfig, topic: string, options: GroupOptions, log: KafkaLog) {
    this.#topic = topic;
    this.#options = options;
    this.#assigner = options.assigner ?? IN_TURN;
    this.#connection = new KafkaConnection(config, log);
    this.#cluster = this.#connection.cluster();
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
      const coordinator = await this.#findCoordinator();
      await coordinator.heartbeat({ ...this.#asMember(), groupGenerationId: generation });
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
      if (needsNewConnection(error)) this.#connection.cut();
      throw kafkaFault(error);
    }
  }

  /** Remembers with the group where to go on, by partition. False: it is too late, the share went to others. */
  async commit(offsets: ReadonlyMap<number, bigint>): Promise<boolean> {
    if (offsets.size === 0) return true;
    const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset: String(offset) }));
    const generation = this.#generation;
    try {
      const coordinator = await this.#findCoordinator();
      await coordinator.offsetCommit({
        ...this.#asMember(),
        groupGenerationId: generation,
        topics: [{ topic: this.#topic, partitions }],
      });
      return true;
    } catch (error) {
      if (this.#isOver(error, generation)) return false;
      throw kafkaFault(error);
    }
  }

  /** Tells the group, so that others need not wait for the session to run out, and disconnects. */
  async leave(): Promise<void> {
    const left = this.#memberId === '' ? undefined : this.#coordinator?.leaveGroup(this.#asMember());
    const disconnected = Promise.resolve(left)
      .catch(() => {})
      .then(() => this.#cluster.disconnect())
      .catch(() => {});
    await Promise.race([disconnected, delay(LEAVE_WITHIN_MS)]);
    this.end();
  }

  /** Cuts what is under way. */
  end(): void {
    this.#connection.end();
  }

  async #join(): Promise<Share> {
    const coordinator = await this.#findCoordinator();
    const { group: groupId, sessionTimeoutMs } = this.#options;
    const joined = await coordinator.joinGroup({
      groupId,
      memberId: this.#memberId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: sessionTimeoutMs,
      groupProtocols: [
        {
          // Members of another topic, another cluster's, are refused by the group instead of being given its partitions.
          name: `${this.#assigner.name}:${this.#topic}`,
          metadata: AssignerProtocol.MemberMetadata.encode({
            version: 0,
            topics: [this.#topic],
            userData: this.#assigner.about(this.#memberId === ''),
          }),
        },
      ],
    });
    this.#memberId = joined.memberId;
    this.#generation = joined.generationId;
    this.#sharedOut = undefined;
    const members = joined.memberId === joined.leaderId ? joined.members.map(aboutMember) : [];
    const { memberAssignment } = await coordinator.syncGroup({
      ...this.#asMember(),
      generationId: this.#generation,
      groupAssignment: members.length === 0 ? [] : await this.#shareOut(members),
    });
    const { assignment, userData } = AssignerProtocol.MemberAssignment.decode(memberAssignment) ?? {};
    if (userData !== undefined && userData.length > 0) this.#assigner.hear?.(userData);
    return this.#committed(coordinator, assignment?.[this.#topic] ?? []);
  }

  /** Done by the member that the coordinator picked. */
  async #shareOut(members: readonly AboutMember[]): Promise<{ memberId: string; memberAssignment: Buffer }[]> {
    const partitions = await this.#partitions();
    this.#sharedOut = partitions.length;
    const told = this.#assigner.tell?.(members) ?? NOTHING;
    return [...this.#assigner.share(members, partitions)].map(([memberId, share]) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: { [this.#topic]: [...share] },
        userData: told,
      }),
    }));
  }

  async #partitions(): Promise<readonly number[]> {
    await this.#cluster.addTargetTopic(this.#topic);
    await this.#cluster.refreshMetadata();
    return this.#cluster.findTopicPartitionMetadata(this.#topic).map(({ partitionId }) => partitionId);
  }

  async #committed(coordinator: GroupBroker, partitions: readonly number[]): Promise<Share> {
    const share = new Map<number, bigint | undefined>(partitions.map((partition) => [partition, undefined]));
    if (partitions.length === 0) return share;
    const { responses } = await coordinator.offsetFetch({
      groupId: this.#options.group,
      topics: [{ topic: this.#topic, partitions: partitions.map((partition) => ({ partition })) }],
    });
    for (const { partition, offset } of responses.flatMap((response) => response.partitions))
      if (BigInt(offset) >= 0n) share.set(partition, BigInt(offset));
    return share;
  }

  #refusedSession(cause: unknown): Fault {
    const message = `kafka: the brokers do not allow a session timeout of ${this.#options.sessionTimeoutMs} ms (their group.min.session.timeout.ms and group.max.session.timeout.ms)`;
    return new Fault('sink', message, { retry: { kind: 'never' }, cause });
  }

  #asMember(): { groupId: string; memberId: string } {
    return { groupId: this.#options.group, memberId: this.#memberId };
  }

  async #findCoordinator(): Promise<GroupBroker> {
    if (this.#coordinator !== undefined) return this.#coordinator;
    await this.#cluster.connect();
    this.#coordinator = await this.#cluster.findGroupCoordinator({ groupId: this.#options.group });
    return this.#coordinator;
  }

  /**
   * True: the member has to join again. Where the error is none of the group's, the coordinator is looked for anew. What
   * was asked in a generation that a join has ended meanwhile says nothing of the member that it is now.
   */
  #isOver(error: unknown, generation = this.#generation): boolean {
    const verdict = membershipVerdict(error);
    if (verdict === 'forgotten' && generation === this.#generation) this.#memberId = '';
    if (verdict === 'passing') this.#coordinator = undefined;
    if (needsNewConnection(error)) this.#connection.cut();
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

function aboutMember({ memberId, memberMetadata }: { memberId: string; memberMetadata: Buffer }): AboutMember {
  return { id: memberId, about: AssignerProtocol.MemberMetadata.decode(memberMetadata)?.userData ?? NOTHING };
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
