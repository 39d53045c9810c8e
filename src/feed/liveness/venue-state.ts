import type { StatusNote } from '../status/status-log.ts';
import type { VenueSignal } from '../venue-signal.ts';

/** How a venue is, as its own signals told it. */
export interface VenueState {
  readonly connected: boolean;
  /** Venue-wide, and not for want of a market. */
  readonly stale: boolean;
  readonly quiet: boolean;
  readonly hasData: boolean;
  readonly blocked: boolean;
  /** Its retries are used up: tried at the slow pace. */
  readonly probing: boolean;
  readonly limited: boolean;
  /** Why it is not connected, where that needs words. */
  readonly reason: string;
}

export const NEW_VENUE: VenueState = {
  connected: false,
  stale: false,
  quiet: false,
  hasData: false,
  blocked: false,
  probing: false,
  limited: false,
  reason: '',
};

/** The state after a signal: the same object where nothing changed. */
export function nextVenueState(state: VenueState, signal: VenueSignal): VenueState {
  switch (signal.kind) {
    case 'events':
      return state.hasData || signal.late === true ? state : { ...state, hasData: true };
    case 'connected':
      return { ...state, connected: true, blocked: false, limited: false, probing: false, reason: '' };
    case 'disconnected':
      return { ...state, connected: false, blocked: signal.blocked };
    case 'stale':
      return { ...state, stale: true };
    case 'recovered':
      return { ...state, stale: false };
    case 'status':
      return afterNote(state, signal.note);
    default:
      return state;
  }
}

function afterNote(
  state: VenueState,
  { state: what, symbol = null, reason, line = null, cause }: StatusNote,
): VenueState {
  if (symbol !== null) return state;
  if (what === 'disconnected') return { ...state, reason, probing: cause === 'probing' };
  if (what === 'rate_limited') return { ...state, limited: true };
  if (line !== null) return state;
  if (what === 'feed_stale') return { ...state, quiet: cause === 'quiet_market' };
  if (what === 'feed_recovered') return { ...state, quiet: false };
  return state;
}
