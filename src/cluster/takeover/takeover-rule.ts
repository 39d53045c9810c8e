/** What a standby knows about a shard's owner and about the brokers. Times are milliseconds of the same clock. */
export interface OwnerSigns {
  readonly now: number;
  /** When the owner's last heartbeat was read. Undefined: none was read. */
  readonly receivedAt: number | undefined;
  /** When the shard got this owner. */
  readonly ownedSince: number;
  /** Since when the brokers have taken and returned records. Undefined: they do not now. */
  readonly brokersSince: number | undefined;
  /** How long the owner's heartbeats may be missing. */
  readonly afterMs: number;
  /** The same after the brokers were away: the owner's first heartbeat may come late. */
  readonly afterOutageMs: number;
}

/**
 * Returns whether a standby takes a shard over. Silence counts only while the brokers are there: if they are away, the
 * owner cannot write, and a standby could not, either. A new owner has the same time for its first heartbeat. A shard
 * whose heartbeats were never received is left to the group.
 */
export function isTakeoverDue(signs: OwnerSigns): boolean {
  const { now, receivedAt, ownedSince, brokersSince, afterMs, afterOutageMs } = signs;
  if (receivedAt === undefined || brokersSince === undefined) return false;
  const limitMs = receivedAt < brokersSince ? Math.max(afterMs, afterOutageMs) : afterMs;
  return now - Math.max(receivedAt, ownedSince, brokersSince) >= limitMs;
}

/** A heartbeat comes once a second, so without one for this long the brokers may be away, milliseconds. */
const PROVEN_WITHIN_MS = 1500;

/** Since when the brokers have taken and returned records without a break. */
export class BrokersUp {
  #since: number | undefined;
  #provenAt = Number.NEGATIVE_INFINITY;

  /** @param provenAt when the brokers last proved that they work; undefined: never. @returns since when they work */
  check(now: number, provenAt = Number.NEGATIVE_INFINITY): number | undefined {
    const isUp = now - provenAt <= PROVEN_WITHIN_MS;
    const hadBreak = provenAt - this.#provenAt > PROVEN_WITHIN_MS;
    if (!isUp) this.#since = undefined;
    else if (this.#since === undefined || hadBreak) this.#since = now;
    this.#provenAt = Math.max(this.#provenAt, provenAt);
    return this.#since;
  }
}

/** A process that hung learns within this time after it continues that its shards were taken over, milliseconds. */
const LEARNS_WITHIN_MS = 5000;
/** A shorter pause between two checks is not a hang, milliseconds. */
const LEAST_HANG_MS = 1000;

/** When this process hung, for example because its machine was suspended. */
export class Hangs {
  #checkedAt: number;
  #endedAt = Number.NEGATIVE_INFINITY;
  #ms = 0;

  constructor(now: number) {
    this.#checkedAt = now;
  }

  /** Notes that the process runs. Call it often. */
  check(now: number): void {
    const ms = now - this.#checkedAt;
    this.#checkedAt = now;
    if (ms < LEAST_HANG_MS) return;
    this.#endedAt = now;
    this.#ms = ms;
  }

  /** Returns how long the process hung, if it has just continued; otherwise 0. Milliseconds. */
  recentMs(now: number): number {
    this.check(now);
    return now - this.#endedAt <= LEARNS_WITHIN_MS ? this.#ms : 0;
  }
}

/** Two needless takeovers of a shard within this time raise its limit, milliseconds. */
export const NEEDLESS_WITHIN_MS = 600_000;

/**
 * Returns the limit of a shard after its living owner was shut out, milliseconds. It is doubled if the same happened in
 * the last ten minutes, up to `mostMs`. `beforeMs`: how long ago it happened before; undefined: never.
 */
export function limitAfter(beforeMs: number | undefined, limitMs: number, mostMs: number): number {
  if (beforeMs === undefined || beforeMs > NEEDLESS_WITHIN_MS) return limitMs;
  return Math.max(limitMs, Math.min(2 * limitMs, mostMs));
}
