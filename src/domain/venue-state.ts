import type { FeedStatus } from './record.ts';

/** The states of the feed-status topic. */
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

/** Why data stopped coming: `cause` of feed_stale. */
export type StaleCause = 'socket_dead' | 'subscription_mute' | 'quiet_market';

/** The states that a venue is in. */
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

/** The state of one venue, folded from what happened to it. Never changed: each step makes a new one. */
export interface VenueState {
  readonly connected: boolean;
  readonly linesUp: ReadonlySet<number>;
  /** Venue-wide: no data comes, or nobody trades. */
  readonly silence: 'stale' | 'quiet' | null;
  /** Why it is not connected; null: nothing is known of a failure. */
  readonly trouble: 'disconnected' | 'probing' | 'region_blocked' | 'rate_limited' | null;
  /** For people: why it is in this state. */
  readonly reason: string;
}

export const NEW_VENUE: VenueState = {
  connected: false,
  linesUp: new Set(),
  silence: null,
  trouble: null,
  reason: '',
};

/** The fields of a status record, or of the note that becomes one, that say what happened to a venue. */
export type VenueHappening = Pick<FeedStatus, 'state' | 'reason'> &
  Partial<Pick<FeedStatus, 'symbol' | 'line' | 'cause'>>;

/** The state after something happened; the same object if nothing changed. What happens to a single symbol changes nothing. */
export function nextVenueState(venue: VenueState, happening: VenueHappening): VenueState {
  const { state, reason, symbol = null, line = null, cause = null } = happening;
  if (symbol !== null) return venue;
  switch (state) {
    case 'connected':
    case 'subscribed':
      return delivering(venue, line);
    case 'disconnected': {
      const linesUp = cause === 'replaced' ? venue.linesUp : without(venue.linesUp, line);
      if (linesUp.size > 0) return { ...venue, linesUp };
      return { ...venue, linesUp, connected: false, trouble: troubleAfterLoss(venue, cause), reason };
    }
    case 'region_blocked':
    case 'rate_limited':
      return venue.linesUp.size > 0 ? venue : { ...venue, connected: false, trouble: state, reason };
    case 'feed_stale':
      if (line !== null) return venue;
      return { ...venue, silence: cause === 'quiet_market' ? 'quiet' : 'stale', reason };
    case 'feed_recovered':
      return line === null ? { ...venue, connected: true, silence: null, trouble: null, reason: '' } : venue;
    default:
      return venue;
  }
}

/** The venue delivers, on a line or in general. */
export function delivering(venue: VenueState, line: number | null): VenueState {
  const linesUp = line === null || venue.linesUp.has(line) ? venue.linesUp : new Set([...venue.linesUp, line]);
  if (venue.connected && venue.trouble === null && linesUp === venue.linesUp) return venue;
  return { ...venue, linesUp, connected: true, trouble: null, reason: venue.silence === null ? '' : venue.reason };
}

/** The one word for a state, as status snapshots and the API show it. */
export function venueStateName({ connected, silence, trouble }: VenueState): VenueStateName {
  if (connected) return silence ?? 'connected';
  return trouble ?? silence ?? 'connecting';
}

/** A venue that refuses us refuses the next attempts too, and says so only once. */
function troubleAfterLoss({ trouble }: VenueState, cause: string | null): VenueState['trouble'] {
  if (trouble === 'region_blocked' || trouble === 'rate_limited') return trouble;
  return cause === 'probing' ? 'probing' : 'disconnected';
}

function without(lines: ReadonlySet<number>, line: number | null): ReadonlySet<number> {
  return new Set([...lines].filter((each) => each !== line));
}
