import type { ClusterMember } from '../../src/cluster/peers.ts';
import { Fault } from '../../src/domain/fault.ts';
import type { Assigner, Share } from '../../src/kafka/groups/group-member.ts';
import type { VirtualProcess } from './virtual-process.ts';
import type { VirtualWorld } from './virtual-world.ts';

interface Entry {
  readonly id: string;
  readonly process: VirtualProcess;
  readonly assigner: Assigner;
  about: Buffer;
  /** When the group last got a request of the member, milliseconds of virtual time. */
  seenAt: number;
  /** Set while the member waits for an assignment. */
  joining: PromiseWithResolvers<Share> | undefined;
}

const CHECK_MS = 10;
const AWAY = new Fault('sink', 'the group is away');

/** A consumer group as a broker keeps it, in virtual time. All members share the partitions. */
export class VirtualGroup {
  readonly #world: VirtualWorld;
  readonly #partitions: readonly number[];
  readonly #sessionMs: number;
  readonly #members = new Map<string, Entry>();
  #count = 0;
  #rebalances = false;
  #awayUntil = 0;

  constructor(world: VirtualWorld, partitionCount: number, sessionMs: number) {
    this.#world = world;
    this.#partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
    this.#sessionMs = sessionMs;
    this.#check();
  }

  /** Makes a process a member. `isCutOff`: whether it cannot reach the group at the moment. */
  member(process: VirtualProcess, assigner: Assigner, isCutOff: () => boolean): ClusterMember {
    let id = '';
    let hasLeft = false;
    const reach = async (): Promise<void> => {
      await process.alive(this.#world.wait(this.#world.latencyMs()));
      if (isCutOff() || hasLeft) throw AWAY;
    };
    const seen = (): Entry | undefined => {
      const entry = this.#members.get(id);
      if (entry === undefined) id = '';
      else entry.seenAt = this.#world.scheduler.now();
      return entry;
    };
    return {
      get id() {
        return id;
      },
      join: async () => {
        await reach();
        const isNew = seen() === undefined;
        if (isNew) id = `member-${++this.#count}`;
        const about = assigner.about(isNew);
        const joining = Promise.withResolvers<Share>();
        const seenAt = this.#world.scheduler.now();
        this.#members.set(id, { id, process, assigner, about, seenAt, joining });
        this.#rebalances = true;
        return process.alive(joining.promise);
      },
      heartbeat: async () => {
        await reach();
        return seen() !== undefined && !this.#rebalances;
      },
      sharesAll: async () => true,
      leave: async () => {
        // The member closes its connection, so a request in flight ends.
        hasLeft = true;
        this.#members.get(id)?.joining?.reject(AWAY);
        if (!isCutOff()) this.#remove(id);
      },
    };
  }

  /**
   * Makes the group's broker unavailable until a virtual time, milliseconds. When it is back, each member has a whole
   * session for its next request.
   */
  goAway(until: number): void {
    this.#awayUntil = until;
  }

  /** Removes silent members, and assigns the partitions when all others wait for that. */
  #check(): void {
    const now = this.#world.scheduler.now();
    this.#world.scheduler.after(CHECK_MS, () => this.#check());
    if (now < this.#awayUntil) {
      for (const entry of this.#members.values()) entry.seenAt = now;
      return;
    }
    for (const [id, { seenAt, joining, process }] of this.#members) {
      const isSilent = joining === undefined || !process.isAlive || process.pausedMs > 0;
      if (isSilent && now - seenAt > this.#sessionMs) this.#remove(id);
    }
    const members = [...this.#members.values()];
    if (this.#rebalances && members.every(({ joining }) => joining !== undefined)) this.#assign(members);
  }

  #remove(id: string): void {
    // A broker answers a waiting member in the same way when it removes it.
    this.#members.get(id)?.joining?.reject(AWAY);
    this.#members.delete(id);
    this.#rebalances = true;
  }

  #assign(members: readonly Entry[]): void {
    this.#rebalances = false;
    const [leader] = members;
    if (leader === undefined) return;
    const shares = leader.assigner.share(members, this.#partitions);
    const data = leader.assigner.userData?.(members, shares) ?? Buffer.alloc(0);
    for (const entry of members) {
      const share = new Map((shares.get(entry.id) ?? []).map((partition) => [partition, undefined]));
      entry.seenAt = this.#world.scheduler.now();
      const { joining } = entry;
      entry.joining = undefined;
      entry.process.whenAwake(() => entry.assigner.onUserData?.(data));
      joining?.resolve(share);
    }
  }
}
