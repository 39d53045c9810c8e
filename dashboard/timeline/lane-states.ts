import { NEW_VENUE, nextVenueState, type VenueState, venueStateName } from '../../src/domain/venue-state.ts';
import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

/** `unknown`: the state is not known. `none`: no instance of the feed was alive. */
export type LaneState = 'up' | 'connecting' | 'unknown' | 'stale' | 'down' | 'halted' | 'none';

export interface Change {
  readonly at: number;
  readonly state: LaneState;
  /** Why, for people; may be empty. */
  readonly reason: string;
}

/** What is known of an instance before its first event of a lane. */
export interface Before {
  /** The events go back to its start. */
  readonly fromStart: boolean;
  /** Its state at present, if it is the present instance. */
  readonly now: LaneState | undefined;
}

/** A venue's state, as `/api/status` names it, in the states that have a colour. */
export function laneState(state: string): 'up' | 'connecting' | 'stale' | 'down' {
  if (state === 'connected' || state === 'quiet') return 'up';
  if (state === 'connecting' || state === 'probing' || state === 'idle') return 'connecting';
  return state === 'stale' ? 'stale' : 'down';
}

/** The same for a sink. */
export function sinkLaneState(state: string): 'up' | 'connecting' | 'down' {
  if (state === 'opening') return 'connecting';
  return state === 'up' ? 'up' : 'down';
}

const VENUE_STATES = new Set([
  'connecting',
  'connected',
  'subscribed',
  'disconnected',
  'session_rotated',
  'region_blocked',
  'rate_limited',
  'feed_stale',
  'feed_recovered',
]);

/** The states of a venue as one instance saw them. The first change is at the beginning of time. */
export function venueChanges(events: readonly StatusJson[], { fromStart, now }: Before): Change[] {
  const own = events.filter(({ symbol, state }) => symbol === null && VENUE_STATES.has(state));
  if (own.length === 0) return [since(fromStart ? 'connecting' : (now ?? 'unknown'))];
  let venue = fromStart ? NEW_VENUE : venueBefore(own);
  const changes: Change[] = [since(laneState(venueStateName(venue)))];
  for (const event of own) {
    venue = nextVenueState(venue, event);
    changes.push({ at: event.timestamp, state: laneState(venueStateName(venue)), reason: venue.reason });
  }
  const last = changes.at(-1);
  // A line may be up though its `connected` is not among the events.
  if (!fromStart && now === 'up' && last !== undefined && last.state !== 'up') changes.push({ ...last, state: 'up' });
  return changes;
}

/** Guesses the state before the first known event: a line that disconnects was up. */
function venueBefore(events: readonly StatusJson[]): VenueState {
  const lines = new Map<number, string>();
  for (const { line, state } of events) if (line !== null && !lines.has(line)) lines.set(line, state);
  const linesUp = new Set([...lines].filter(([, first]) => !first.startsWith('connect')).map(([line]) => line));
  const ofVenue = events.find(({ line }) => line === null)?.state;
  const staleness = ofVenue === 'feed_recovered' ? 'stale' : null;
  return { ...NEW_VENUE, connected: linesUp.size > 0 || ofVenue?.startsWith('feed_') === true, linesUp, staleness };
}

/** Whether one instance allowed trading. A start is halted until the feed reports otherwise. */
export function tradingChanges(events: readonly StatusJson[], { fromStart, now }: Before): Change[] {
  const own = events.filter(({ state, symbol }) => symbol === null && TRADING.has(state));
  const first = own[0]?.state;
  const guess = first === undefined ? (now ?? 'unknown') : first === 'trading_halted' ? 'up' : 'halted';
  return [
    since(fromStart ? 'halted' : guess),
    ...own.map(({ timestamp, state, reason }): Change => {
      return state === 'trading_halted' ? { at: timestamp, state: 'halted', reason } : { at: timestamp, ...UP };
    }),
  ];
}

const TRADING = new Set(['trading_halted', 'trading_resumed']);
const UP = { state: 'up', reason: '' } as const;

/** The states of a sink of one instance. A sink counts as up from the start until the feed reports otherwise. */
export function sinkChanges(events: readonly StatusJson[], { fromStart, now }: Before): Change[] {
  const first = events[0]?.state;
  const guess = first === undefined ? (now ?? (fromStart ? 'up' : 'unknown')) : 'up';
  return [
    since(first === 'sink_recovered' ? 'down' : guess),
    ...events.map(({ timestamp, state, reason }): Change => {
      return state === 'sink_unavailable' ? { at: timestamp, state: 'down', reason } : { at: timestamp, ...UP };
    }),
  ];
}

function since(state: LaneState): Change {
  return { at: Number.NEGATIVE_INFINITY, state, reason: '' };
}
