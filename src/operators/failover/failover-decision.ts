/**
 * Times that decide when `failover` changes the source.
 *
 * `failover` leaves a blocked source at once, a source without a connection after `graceMs`, and a stale source at
 * once. After a start, it leaves a stale source after `connectTimeoutMs` at the earliest. It never switches to an
 * unhealthy source. A source earlier in the order serves again with its next data, once it has been healthy for
 * `failBackAfterMs` without a break.
 */
export interface FailoverTiming {
  /** How long the active source may be without a connection, milliseconds. */
  readonly graceMs: number;
  /** How long a preferred source must be healthy before it serves again, milliseconds. */
  readonly failBackAfterMs: number;
  /** After a start: how long a source may neither fail nor deliver data before it counts as failed, milliseconds. */
  readonly connectTimeoutMs: number;
}

/** The health of one source. Times are the scheduler's milliseconds. */
export interface SourceHealth {
  readonly connected: boolean;
  readonly blocked: boolean;
  readonly stale: boolean;
  /** True if the source has delivered data since it connected. */
  readonly hasData: boolean;
  /**
   * Since when the source counts as failed, because no connection delivers data. After the start, this time lies
   * `connectTimeoutMs` ahead. Null: the source has data, or was not tried yet.
   */
  readonly downSince: number | null;
  /** Since when the source is healthy: connected, with data, and not stale. Null: it is not healthy. */
  readonly healthySince: number | null;
}

/** Why `failover` changed the source. */
export type SwitchReason = 'blocked' | 'disconnected' | 'stale' | 'preferred_again' | 'first';

export interface Decision {
  /** Index of the source that serves from now on. */
  readonly active: number;
  /** Set when `active` changed. */
  readonly reason?: SwitchReason;
  /** When to decide again if no event comes before, by the scheduler, milliseconds; null: never. */
  readonly wakeAt: number | null;
  /** Index of the source that serves again with its next data. Undefined: none has been healthy for long enough. */
  readonly returning?: number;
}

/** What `decide` knows besides the health of the sources. Both are indexes of sources. */
export interface DecisionInput {
  /** The preferred source before any source serves. Default: the first. */
  readonly startWith?: number;
  /** The source whose data has just come. Undefined: another event or the time is the reason to decide. */
  readonly delivering?: number | undefined;
}

export const UNTRIED: SourceHealth = {
  connected: false,
  blocked: false,
  stale: false,
  hasData: false,
  downSince: null,
  healthySince: null,
};

export type HealthEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'connected' }
  /** The source has no connection left, or an attempt to connect failed. */
  | { readonly kind: 'disconnected'; readonly blocked: boolean }
  | { readonly kind: 'data' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'recovered' };

/** Returns the health of a source after an event. */
export function nextHealth(
  health: SourceHealth,
  event: HealthEvent,
  now: number,
  timing: FailoverTiming,
): SourceHealth {
  const next = { ...health, ...change(health, event, now, timing) };
  const healthy = next.connected && next.hasData && !next.stale;
  return { ...next, healthySince: healthy ? (health.healthySince ?? now) : null };
}

function change(health: SourceHealth, event: HealthEvent, now: number, timing: FailoverTiming): Partial<SourceHealth> {
  switch (event.kind) {
    case 'started':
      return { downSince: now + timing.connectTimeoutMs };
    case 'connected':
      return { connected: true, blocked: false };
    case 'disconnected': {
      const since = health.downSince === null ? now : Math.min(health.downSince, now);
      return { connected: false, blocked: event.blocked, hasData: false, downSince: since };
    }
    case 'data':
      return { hasData: true, stale: false, downSince: null };
    case 'stale':
      return { stale: true };
    case 'recovered':
      return { stale: false };
  }
}

/** Decides which source serves. `active` is the index of the serving source, or -1 before any source serves. */
export function decide(
  sources: readonly SourceHealth[],
  active: number,
  now: number,
  timing: FailoverTiming,
  { startWith = 0, delivering }: DecisionInput = {},
): Decision {
  const current = sources[active];
  if (current === undefined) return atStart(sources, now, timing, startWith);

  const failed = failure(current, now, timing);
  if (failed !== undefined) {
    const next = sources.findIndex((source, index) => index !== active && source.healthySince !== null);
    return next === -1 ? { active, wakeAt: null } : { active: next, reason: failed, wakeAt: null };
  }
  const leaveAt = current.connected || current.downSince === null ? null : current.downSince + timing.graceMs;
  let backAt: number | null = null;
  for (let index = 0; index < active; index++) {
    const since = sources[index]?.healthySince;
    if (since === null || since === undefined) continue;
    if (now < since + timing.failBackAfterMs) backAt = earlier(backAt, since + timing.failBackAfterMs);
    // A source that has just fallen silent counts as healthy until it is stale.
    else if (index === delivering) return { active: index, reason: 'preferred_again', wakeAt: null };
    else return { active, returning: index, wakeAt: earlier(leaveAt, backAt) };
  }
  return { active, wakeAt: earlier(leaveAt, backAt) };
}

/** At the start, waits for the source at `startWith`. If it fails, the first healthy source serves. */
function atStart(sources: readonly SourceHealth[], now: number, timing: FailoverTiming, startWith: number): Decision {
  const first = sources[startWith];
  if (first === undefined) return { active: -1, wakeAt: null };
  if (first.healthySince !== null) return { active: startWith, reason: 'first', wakeAt: null };
  const healthy = sources.findIndex((source) => source.healthySince !== null);
  if (healthy !== -1 && failure(first, now, timing) !== undefined)
    return { active: healthy, reason: 'first', wakeAt: null };
  const failsAt = first.downSince === null ? null : first.downSince + (first.stale ? 0 : timing.graceMs);
  return { active: -1, wakeAt: failsAt === null || failsAt <= now ? null : failsAt };
}

function failure(source: SourceHealth, now: number, timing: FailoverTiming): SwitchReason | undefined {
  if (source.blocked && !source.connected) return 'blocked';
  const mayYetAnswer = source.downSince !== null && now < source.downSince;
  if (source.stale && !mayYetAnswer) return 'stale';
  if (!source.connected && source.downSince !== null && now >= source.downSince + timing.graceMs) return 'disconnected';
  return undefined;
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}
