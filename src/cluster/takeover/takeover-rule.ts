/** What a standby knows about a shard's owner and about the brokers. Times are milliseconds of the same clock. */
export interface OwnerSigns {
  readonly now: number;
  /** When the owner's last heartbeat was read. Undefined: none was read. */
  readonly receivedAt: number | undefined;
  /** When the shard got this owner, or this instance became the standby. */
  readonly ownedSince: number;
  /** The owner has reported that it stopped. */
  readonly isStopped: boolean;
  /** When the brokers last proved to this instance that they take and return records. */
  readonly brokersAt: number | undefined;
  /** How long the owner's heartbeats may be missing. */
  readonly afterMs: number;
}

/** A heartbeat comes once a second, so without one for this long the brokers may be away, milliseconds. */
const BROKERS_WITHIN_MS = 1500;

/**
 * Returns whether a standby takes a shard over. Missing heartbeats count only while the brokers are there: if the brokers
 * are away, the owner cannot write, and a standby could not, either. A new owner has the same time for its first heartbeat.
 * A shard whose heartbeats were never received is left to the group.
 */
export function isTakeoverDue({ now, receivedAt, ownedSince, isStopped, brokersAt, afterMs }: OwnerSigns): boolean {
  if (receivedAt === undefined || brokersAt === undefined || now - brokersAt > BROKERS_WITHIN_MS) return false;
  if (isStopped && receivedAt >= ownedSince) return true;
  return now - Math.max(receivedAt, ownedSince) >= afterMs;
}

/** Two needless takeovers of a shard within this time raise its limit, milliseconds. */
const NEEDLESS_WITHIN_MS = 600_000;

/**
 * Returns the limit of a shard after its living owner was shut out at these times, the newest last. It is doubled if the
 * last two are within ten minutes, up to `mostMs`.
 */
export function limitAfter(lostAt: readonly number[], limitMs: number, mostMs: number): number {
  const [before, last] = lostAt.slice(-2);
  if (before === undefined || last === undefined || last - before > NEEDLESS_WITHIN_MS) return limitMs;
  return Math.max(limitMs, Math.min(2 * limitMs, mostMs));
}
