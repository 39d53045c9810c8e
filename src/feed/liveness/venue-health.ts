import { delivering, NEW_VENUE, nextVenueState, type VenueState } from '../../domain/venue-state.ts';
import type { VenueFeedEvent } from '../venue-feed-options.ts';

/**
 * The state of a venue from its own events. Unlike status records of lines, these events show whether the venue is
 * connected.
 */
export interface VenueHealth extends VenueState {
  readonly hasData: boolean;
}

export const NEW_HEALTH: VenueHealth = { ...NEW_VENUE, hasData: false };

/** Returns the state after an event: the same object if nothing changed. */
export function nextVenueHealth(state: VenueHealth, event: VenueFeedEvent): VenueHealth {
  switch (event.kind) {
    case 'value':
      return state.hasData || event.late === true ? state : { ...state, hasData: true };
    case 'connected':
      return { ...state, ...delivering(state, null) };
    case 'disconnected': {
      const trouble = event.blocked ? 'region_blocked' : (state.trouble ?? 'disconnected');
      return { ...state, connected: false, linesUp: new Set(), trouble };
    }
    case 'status': {
      const next = nextVenueState(state, event.note);
      return next === state ? state : { ...state, ...next, connected: state.connected };
    }
    default:
      return state;
  }
}
