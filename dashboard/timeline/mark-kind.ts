import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

/** Kinds of marks, the most important first. */
export const MARK_KINDS = [
  'halt',
  'feed_lost',
  'sink',
  'failover',
  'lost',
  'stale',
  'gap',
  'rejected',
  'started',
  'repaired',
  'recovered',
] as const;
export type MarkKind = (typeof MARK_KINDS)[number];

/** How an event is marked in the timeline and in the list; undefined: not at all. */
export function markKindOf({ state, cause }: Pick<StatusJson, 'state' | 'cause'>): MarkKind | undefined {
  if (state === 'feed_stale' && cause === 'quiet_market') return undefined;
  return MARKS[state];
}

const MARKS: Readonly<Record<string, MarkKind>> = {
  failed_over: 'failover',
  failed_back: 'failover',
  gap_detected: 'gap',
  gap_unrepaired: 'gap',
  gap_repaired: 'repaired',
  gap_healed: 'repaired',
  feed_stale: 'stale',
  feed_recovered: 'recovered',
  feed_started: 'started',
  feed_back: 'started',
  feed_lost: 'feed_lost',
  stopped: 'feed_lost',
  disconnected: 'lost',
  region_blocked: 'lost',
  rate_limited: 'lost',
  trading_halted: 'halt',
  price_disputed: 'halt',
  sink_unavailable: 'sink',
  sink_recovered: 'recovered',
  subscription_rejected: 'rejected',
};
