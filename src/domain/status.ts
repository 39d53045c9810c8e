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
