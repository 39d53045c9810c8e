import { firstValueFrom, from, map, race, type SchedulerLike } from 'rxjs';
import { asFault } from '../../domain/fault.ts';
import type { OffsetAt } from '../../kafka/contract.ts';
import type { GroupMember, Share } from '../../kafka/groups/group-member.ts';
import type { StartOffsets } from '../../kafka/reading/fetch-topic.ts';
import { aborted$, pauseFor } from '../../net/aborted.ts';
import type { TopicHandler } from './source.ts';

/* A client's membership in a Kafka consumer group, for one topic. */

export interface GroupSettings {
  /** The client's group. At the brokers each topic has its own group, GROUP.TOPIC with the topic's full name. */
  readonly group: string;
  /** Where reading begins in a partition without a committed offset. */
  readonly start: OffsetAt;
  /** How often offsets are committed, milliseconds. */
  readonly commitEveryMs: number;
  readonly sessionTimeoutMs: number;
}

export interface MembershipParts {
  readonly member: Pick<GroupMember, 'id' | 'join' | 'heartbeat' | 'commit' | 'sharesAll' | 'leave'>;
  readonly handler: TopicHandler;
  /** Reads for the handler until the signal aborts. */
  readonly read: (from: StartOffsets, signal: AbortSignal) => Promise<void>;
  readonly settings: Omit<GroupSettings, 'group'>;
  readonly scheduler: SchedulerLike;
}

const RETRY_MS = 1000;
const FIRST_COMMIT_MS = 50;
/** How often the group's leader checks for new partitions. */
const CHECK_EVERY_MS = 30_000;

/** One client in a group: joins, reads its partitions, sends heartbeats and commits, until the group rebalances. */
export class Membership {
  readonly #parts: MembershipParts;
  #committed = new Map<number, number>();

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /** Joins, and reads until the next rebalance. Returns early if joining fails. */
  async runUntilRebalance(signal: AbortSignal): Promise<void> {
    const { member, handler } = this.#parts;
    const previousId = member.id;
    const share = await this.#join(signal);
    if (share === undefined) return;
    handler.keepOnly(member.id === previousId ? this.#stillOwn(share) : new Set());
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    if (share.size === 0) handler.started(new Map());
    const reading = share.size === 0 ? undefined : this.#read(share, both);
    await this.#keepAlive(share, both);
    over.abort();
    await reading;
    await this.#commit();
  }

  /** Commits a last time, and leaves the group. */
  async end(): Promise<void> {
    await this.#commit();
    await this.#parts.member.leave();
  }

  /** Joins the group; undefined if that failed or the signal aborted. */
  async #join(signal: AbortSignal): Promise<Share | undefined> {
    try {
      return await firstValueFrom(race(from(this.#parts.member.join()), aborted$(signal).pipe(map(() => undefined))));
    } catch (error) {
      this.#parts.handler.readFailed(asFault(error));
      await pauseFor(RETRY_MS, this.#parts.scheduler, signal);
      return undefined;
    }
  }

  /** Partitions that this member can resume, because no other member has committed a later offset. */
  #stillOwn(share: Share): ReadonlySet<number> {
    const positions = this.#parts.handler.positions();
    const left = [...share].filter(([partition, committed]) => {
      const position = positions.get(partition);
      return position !== undefined && (committed === undefined || committed <= BigInt(position));
    });
    return new Set(left.map(([partition]) => partition));
  }

  /** Resumes each partition at this member's own position, since its waiting records are still here. */
  #read(share: Share, signal: AbortSignal): Promise<void> {
    const { handler, read, settings } = this.#parts;
    const positions = handler.positions();
    const offsets = new Map(
      [...share].map(([partition, committed]) => {
        const position = positions.get(partition);
        return [partition, position === undefined ? committed : BigInt(position)];
      }),
    );
    this.#committed = new Map(
      [...share].flatMap(([partition, at]) => (at === undefined ? [] : [[partition, Number(at)]])),
    );
    return read({ offsets, otherwise: settings.start, onlyThese: true }, signal);
  }

  /** Resolves when this member lost its partitions, or a rebalance is needed, or the signal aborts. */
  async #keepAlive(share: Share, signal: AbortSignal): Promise<void> {
    const { member, handler, scheduler } = this.#parts;
    const { commitEveryMs, sessionTimeoutMs } = this.#parts.settings;
    const beatEveryMs = Math.min(1000, sessionTimeoutMs / 3);
    let answeredAt = scheduler.now();
    let beatAt = answeredAt + beatEveryMs;
    let checkAt = answeredAt + CHECK_EVERY_MS;
    let commitAt = answeredAt;
    let isAllShared = true;
    // Not awaited: a broker that hangs must not delay a heartbeat.
    const checkPartitions = async (): Promise<void> => {
      try {
        isAllShared = await member.sharesAll();
      } catch (error) {
        handler.readFailed(asFault(error));
      }
    };
    while (!signal.aborted && isAllShared) {
      try {
        if (scheduler.now() >= commitAt) {
          const begunAt = scheduler.now();
          await this.#commit();
          // The first offsets are known shortly after the start. They are committed early: with a committed offset, a
          // crash loses no record.
          const isKnown = this.#committed.size >= share.size;
          commitAt = begunAt + (isKnown ? commitEveryMs : FIRST_COMMIT_MS);
        }
        if (scheduler.now() >= beatAt) {
          beatAt = scheduler.now() + beatEveryMs;
          if (!(await member.heartbeat())) return;
          answeredAt = scheduler.now();
        }
        if (scheduler.now() >= checkAt) {
          checkAt = scheduler.now() + CHECK_EVERY_MS;
          void checkPartitions();
        }
      } catch (error) {
        handler.readFailed(asFault(error));
        // The group has dropped this member by now, so it has to join again.
        if (scheduler.now() - answeredAt > sessionTimeoutMs) return;
      }
      await pauseFor(Math.max(10, Math.min(beatAt, commitAt) - scheduler.now()), scheduler, signal);
    }
  }

  async #commit(): Promise<void> {
    const { member, handler } = this.#parts;
    const offsetsNow = [...handler.committable()];
    const changed = new Map(offsetsNow.filter(([partition, at]) => this.#committed.get(partition) !== at));
    if (changed.size === 0) return;
    const offsets = new Map([...changed].map(([partition, at]) => [partition, BigInt(at)]));
    try {
      if (!(await member.commit(offsets))) return;
      for (const [partition, at] of changed) this.#committed.set(partition, at);
    } catch (error) {
      handler.readFailed(asFault(error));
    }
  }
}
