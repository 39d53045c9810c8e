import type { FeedStatus } from './record.ts';

/** States of the topic feed-status. */
export const FEED_STATES = [
  'connecting',
  'connected',
  'disconnected',
  'subscribed',
  'subscription_rejected',
  'feed_stale',
  'feed_recovered',
  'failed_over',
  'failed_back',
  'gap_detected',
  'gap_repaired',
  'gap_unrepaired',
  'gap_healed',
  'region_blocked',
  'rate_limited',
  'session_rotated',
  'sink_unavailable',
  'sink_recovered',
  'trading_halted',
  'trading_resumed',
  'instrument_halted',
  'price_disputed',
  'lines_disagree',
  'heartbeat',
  'stopped',
] as const;
export type FeedState = (typeof FEED_STATES)[number];

export type StaleCause = 'socket_dead' | 'subscription_mute' | 'quiet_market';

export const VENUE_STATES = [
  'connecting',
  'connected',
  'stale',
  'quiet',
  'disconnected',
  'region_blocked',
  'rate_limited',
  'probing',
  'idle',
] as const;
export type VenueStateName = (typeof VENUE_STATES)[number];

/** The state of one venue, made from its events. Immutable: each step returns a new one. */
export interface VenueState {
  readonly connected: boolean;
  readonly linesUp: ReadonlySet<number>;
  /** `stale`: no data comes from the whole venue. `quiet`: its market is idle. Null: neither. */
  readonly staleness: 'stale' | 'quiet' | null;
  /** Why it is not connected; null if no failure is known. */
  readonly trouble: 'disconnected' | 'probing' | 'region_blocked' | 'rate_limited' | null;
  /** For people: the reason of this state. */
  readonly reason: string;
}

export const NEW_VENUE: VenueState = {
  connected: false,
  linesUp: new Set(),
  staleness: null,
  trouble: null,
  reason: '',
};

/** The fields of a status event that change a venue's state. */
export type VenueHappening = Pick<FeedStatus, 'state' | 'reason'> &
  Partial<Pick<FeedStatus, 'symbol' | 'line' | 'cause'>>;

/** Returns the next state, or the same object if nothing changed. Events of a single symbol change nothing. */
export function nextVenueState(venue: VenueState, happening: VenueHappening): VenueState {
  const { state, reason, symbol = null, line = null, cause = null } = happening;
  if (symbol !== null) return venue;
  switch (state) {
    case 'connected':
    case 'subscribed': {
      const next = delivering(venue, line);
      // An event without a line is about REST. It answers again, so the reason is out of date.
      return line === null && next.staleness === null && next.reason !== '' ? { ...next, reason: '' } : next;
    }
    case 'disconnected': {
      const linesUp = cause === 'replaced' ? venue.linesUp : without(venue.linesUp, line);
      if (linesUp.size > 0) return { ...venue, linesUp };
      return { ...venue, linesUp, connected: false, trouble: troubleAfterLoss(venue, cause), reason };
    }
    case 'region_blocked':
    case 'rate_limited':
      if (venue.linesUp.size === 0) return { ...venue, connected: false, trouble: state, reason };
      // An event without a line is about REST. The lines still deliver, and the reason shows people what is missing.
      return line === null ? { ...venue, reason } : venue;
    case 'feed_stale':
      if (line !== null) return venue;
      return { ...venue, staleness: cause === 'quiet_market' ? 'quiet' : 'stale', reason };
    case 'feed_recovered':
      return line === null ? { ...venue, connected: true, staleness: null, trouble: null, reason: '' } : venue;
    default:
      return venue;
  }
}

/** Returns the state after data from a line, or from the venue if `line` is null. */
export function delivering(venue: VenueState, line: number | null): VenueState {
  const linesUp = line === null || venue.linesUp.has(line) ? venue.linesUp : new Set([...venue.linesUp, line]);
  if (venue.connected && venue.trouble === null && linesUp === venue.linesUp) return venue;
  const keeps = venue.staleness !== null || (venue.connected && venue.trouble === null);
  return { ...venue, linesUp, connected: true, trouble: null, reason: keeps ? venue.reason : '' };
}

/** Returns the state's name in status snapshots and the API. */
export function venueStateName({ connected, staleness, trouble }: VenueState): VenueStateName {
  if (connected) return staleness ?? 'connected';
  return trouble ?? staleness ?? 'connecting';
}

/**
 * Returns the trouble after a lost connection. A refusal stays the trouble: the venue also refuses the next attempts,
 * which are not reported again.
 */
function troubleAfterLoss({ trouble }: VenueState, cause: string | null): VenueState['trouble'] {
  if (trouble === 'region_blocked' || trouble === 'rate_limited') return trouble;
  return cause === 'probing' ? 'probing' : 'disconnected';
}

function without(lines: ReadonlySet<number>, line: number | null): ReadonlySet<number> {
  return new Set([...lines].filter((each) => each !== line));
}

/** The facts of a status record about the whole feed: none. */
export const NO_FACTS = {
  venue: null,
  symbol: null,
  coin: null,
  channel: null,
  cause: null,
  line: null,
  heartbeat: null,
  switch: null,
  details: {},
} as const;
