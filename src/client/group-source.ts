import { asFault } from '../domain/fault.ts';
import { GroupMember, type Share } from '../kafka/group-member.ts';
import { fetchTo, type KafkaReach, type Place, waitForTopic } from './kafka-source.ts';
import { pause } from './pause.ts';
import type { Follower, TopicSource } from './source.ts';

export interface GroupSettings {
  /** Groups are one a topic: GROUP.TOPIC, the topic's full name. */
  readonly group: string;
  /** Where a partition begins that the group has not read yet. */
  readonly place: Place;
  /** Milliseconds. */
  readonly commitEveryMs: number;
  readonly sessionTimeoutMs: number;
}

const RETRY_MS = 1000;
const FIRST_COMMIT_MS = 50;

/** A topic (full name), shared with all that give the same group. */
export function groupSource(reach: KafkaReach, settings: GroupSettings): TopicSource {
  return {
    async follow(topic, follower, signal) {
      await waitForTopic(reach, topic, follower, signal);
      const group = `${settings.group}.${topic}`;
      const member = new GroupMember(
        reach.config,
        topic,
        { group, sessionTimeoutMs: settings.sessionTimeoutMs },
        reach.log,
      );
      const membership = new Membership(reach, settings, topic, follower, member);
      try {
        while (!signal.aborted) await membership.term(signal);
      } finally {
        await membership.end();
      }
    },
  };
}

/** What a member does: join, read its share, and beat and commit meanwhile, until the group shares out anew. */
class Membership {
  readonly #reach: KafkaReach;
  readonly #settings: GroupSettings;
  readonly #topic: string;
  readonly #follower: Follower;
  readonly #member: GroupMember;
  #committed = new Map<number, number>();

  constructor(reach: KafkaReach, settings: GroupSettings, topic: string, follower: Follower, member: GroupMember) {
    this.#reach = reach;
    this.#settings = settings;
    this.#topic = topic;
    this.#follower = follower;
    this.#member = member;
  }

  /** From one sharing out to the next. */
  async term(signal: AbortSignal): Promise<void> {
    const formerId = this.#member.id;
    const share = await this.#join(signal);
    if (share === undefined) return;
    const isSameMember = this.#member.id === formerId;
    if (!isSameMember) this.#follower.keepOnly(new Set());
    this.#follower.keepOnly(new Set(share.keys()));
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const reading = share.size === 0 ? this.#idle() : this.#read(share, both);
    await this.#keepAlive(share, both);
    over.abort();
    await reading;
    await this.#commit();
  }

  /** Leaves the group with the last commit. */
  async end(): Promise<void> {
    await this.#commit();
    await this.#member.leave();
  }

  /** Undefined: it did not work yet. */
  async #join(signal: AbortSignal): Promise<Share | undefined> {
    const aborted = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    try {
      return await Promise.race([this.#member.join(), aborted]);
    } catch (error) {
      this.#follower.troubled(asFault(error));
      await pause(RETRY_MS, this.#reach.scheduler, signal);
      return undefined;
    }
  }

  async #idle(): Promise<void> {
    this.#follower.started(new Map());
  }

  /** What was read before is read on where it was left: what waits of it is still there. */
  #read(share: Share, signal: AbortSignal): Promise<void> {
    const positions = this.#follower.positions();
    const offsets = new Map(
      [...share].map(([partition, committed]) => {
        const position = positions.get(partition);
        return [partition, position === undefined ? committed : BigInt(position)];
      }),
    );
    this.#committed = new Map(
      [...share].flatMap(([partition, at]) => (at === undefined ? [] : [[partition, Number(at)]])),
    );
    const from = { offsets, otherwise: this.#settings.place, onlyThese: true };
    return fetchTo(this.#follower, { reach: this.#reach, topic: this.#topic, from }, signal);
  }

  /** Resolves when the share is no longer this member's, or the signal aborts. */
  async #keepAlive(share: Share, signal: AbortSignal): Promise<void> {
    const { scheduler } = this.#reach;
    const { commitEveryMs, sessionTimeoutMs } = this.#settings;
    const beatEveryMs = Math.min(1000, sessionTimeoutMs / 3);
    let heardAt = scheduler.now();
    let beatAt = heardAt + beatEveryMs;
    let commitAt = heardAt;
    while (!signal.aborted) {
      try {
        if (scheduler.now() >= commitAt) {
          const begunAt = scheduler.now();
          await this.#commit();
          // Where a partition was begun is known a moment after the start, and must not be forgotten.
          const isKnown = this.#committed.size >= share.size;
          commitAt = begunAt + (isKnown ? commitEveryMs : FIRST_COMMIT_MS);
        }
        if (scheduler.now() >= beatAt) {
          beatAt = scheduler.now() + beatEveryMs;
          if (!(await this.#member.beat())) return;
          heardAt = scheduler.now();
        }
      } catch (error) {
        this.#follower.troubled(asFault(error));
        // By now the group goes on without this member.
        if (scheduler.now() - heardAt > sessionTimeoutMs) return;
      }
      await pause(Math.max(10, Math.min(beatAt, commitAt) - scheduler.now()), scheduler, signal);
    }
  }

  async #commit(): Promise<void> {
    const news = new Map([...this.#follower.done()].filter(([partition, at]) => this.#committed.get(partition) !== at));
    if (news.size === 0) return;
    const offsets = new Map([...news].map(([partition, at]) => [partition, BigInt(at)]));
    try {
      if (!(await this.#member.commit(offsets))) return;
      for (const [partition, at] of news) this.#committed.set(partition, at);
    } catch (error) {
      this.#follower.troubled(asFault(error));
    }
  }
}
