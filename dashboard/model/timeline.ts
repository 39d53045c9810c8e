import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

/** The feed's first event has at most this sequence number: a start may begin with heartbeats, which are no events. */
const FIRST = 3;

export type LaneState = 'up' | 'connecting' | 'stale' | 'down';
export type MarkKind = 'failover' | 'gap' | 'repaired' | 'stale' | 'recovered' | 'lost' | 'halt' | 'sink' | 'rejected';

export interface Segment<S> {
  readonly from: number;
  readonly to: number;
  readonly state: S;
}

export interface Mark {
  readonly at: number;
  readonly kind: MarkKind;
  readonly text: string;
}

export interface Lane {
  readonly venue: string;
  readonly states: readonly Segment<LaneState>[];
  /** When this was the active venue. */
  readonly active: readonly Segment<true>[];
  readonly marks: readonly Mark[];
}

export interface Timeline {
  readonly from: number;
  readonly to: number;
  /** The time before which nothing happened, if that is known; otherwise `from`. */
  readonly begun: number;
  readonly lanes: readonly Lane[];
  readonly halts: readonly Segment<string>[];
  readonly switches: readonly { readonly at: number; readonly from: string | null; readonly to: string }[];
}

/** The present state. The timeline shows it for venues and halts without an event. */
export interface Present {
  readonly venues: readonly { readonly venue: string; readonly state: string; readonly active: boolean }[];
  readonly halted: boolean;
}

/**
 * Draws the last minutes: the state, epochs and events of each venue, and the feed's halts and switches. `events` are
 * in order of time. Events before the window show the state at its beginning. If there are none, the first event in it
 * shows that state: a venue that disconnects was connected. Nothing is drawn before the feed's own first event. A venue
 * is up while one of its lines is up.
 */
export function timeline(events: readonly StatusJson[], present: Present, from: number, to: number): Timeline {
  const first = events[0];
  const begun = first !== undefined && first.sequence <= FIRST ? Math.max(from, first.timestamp) : from;
  const lanes = present.venues.map(({ venue, state, active }) => {
    const own = events.filter((event) => event.venue === venue && event.symbol === null);
    return {
      venue,
      states: clip(statesOf(own, laneState(state), begun, to), begun, to),
      active: clip(turnsOf(venue, events, active, to), begun, to),
      marks: events.filter((event) => event.venue === venue && event.timestamp >= from).flatMap(markOf),
    };
  });
  return {
    from,
    to,
    begun,
    lanes,
    halts: clip(haltsOf(events, present.halted, to), begun, to),
    switches: events
      .filter((event) => isSwitch(event) && event.timestamp >= from)
      .map(({ timestamp, venue, switch: seam }) => ({ at: timestamp, from: seam?.from ?? null, to: venue ?? '' })),
  };
}

/** A venue's state, as `/api/status` names it, in the four that have a colour. */
export function laneState(state: string): LaneState {
  if (state === 'connected' || state === 'quiet') return 'up';
  if (state === 'connecting' || state === 'probing' || state === 'idle') return 'connecting';
  return state === 'stale' ? 'stale' : 'down';
}

export function markKindOf({ state, cause }: StatusJson): MarkKind | undefined {
  if (state === 'feed_stale' && cause === 'quiet_market') return undefined;
  return MARKS[state];
}

const MARKS: Readonly<Record<string, MarkKind>> = {
  failed_over: 'failover',
  failed_back: 'failover',
  gap_detected: 'gap',
  gap_unrepaired: 'gap',
  gap_repaired: 'repaired',
  feed_stale: 'stale',
  feed_recovered: 'recovered',
  disconnected: 'lost',
  region_blocked: 'lost',
  rate_limited: 'lost',
  trading_halted: 'halt',
  sink_unavailable: 'sink',
  sink_recovered: 'recovered',
  subscription_rejected: 'rejected',
};

function isSwitch({ state, symbol }: StatusJson): boolean {
  return (state === 'failed_over' || state === 'failed_back') && symbol === null;
}

function markOf(event: StatusJson): Mark[] {
  const kind = markKindOf(event);
  return kind === undefined ? [] : [{ at: event.timestamp, kind, text: event.reason }];
}

function statesOf(events: readonly StatusJson[], now: LaneState, from: number, to: number): Segment<LaneState>[] {
  const linesUp = new Set<number>();
  const changes: { at: number; state: LaneState }[] = [];
  let before: LaneState | undefined;
  for (const { state, timestamp: at, line, cause } of events) {
    switch (state) {
      case 'connecting':
        before ??= 'connecting';
        break;
      case 'connected':
        before ??= 'connecting';
        linesUp.add(line ?? 0);
        changes.push({ at, state: 'up' });
        break;
      case 'disconnected':
        if (before === undefined) before = 'up';
        linesUp.delete(line ?? 0);
        if (linesUp.size === 0) changes.push({ at, state: 'down' });
        break;
      case 'region_blocked':
        before ??= 'connecting';
        linesUp.clear();
        changes.push({ at, state: 'down' });
        break;
      case 'feed_stale':
        before ??= 'up';
        // A venue that is down stays down: that is worse than stale.
        if (line === null && cause !== 'quiet_market' && changes.at(-1)?.state !== 'down')
          changes.push({ at, state: 'stale' });
        break;
      case 'feed_recovered':
        before ??= 'stale';
        if (line === null) changes.push({ at, state: 'up' });
        break;
    }
  }
  const segments = joined([{ at: Math.min(from, changes[0]?.at ?? from), state: before ?? now }, ...changes], to);
  const last = segments.at(-1);
  // The present state counts more than the events: a line may be up though its `connected` is not in the list.
  if (last !== undefined && last.state === 'down' && now === 'up')
    segments[segments.length - 1] = { ...last, state: 'up' };
  return segments;
}

function turnsOf(venue: string, events: readonly StatusJson[], active: boolean, to: number): Segment<true>[] {
  const turns: Segment<true>[] = [];
  let since: number | undefined;
  let known = false;
  for (const event of events) {
    if (!isSwitch(event)) continue;
    if (!known && event.switch?.from === venue) since = Number.NEGATIVE_INFINITY;
    known = true;
    if (event.venue === venue) since ??= event.timestamp;
    else if (since !== undefined) {
      turns.push({ from: since, to: event.timestamp, state: true });
      since = undefined;
    }
  }
  if (!known && active) since = Number.NEGATIVE_INFINITY;
  if (since !== undefined) turns.push({ from: since, to, state: true });
  return turns;
}

function haltsOf(events: readonly StatusJson[], halted: boolean, to: number): Segment<string>[] {
  const halts: Segment<string>[] = [];
  let open: { at: number; reason: string } | undefined;
  let known = false;
  for (const { state, symbol, timestamp, reason } of events) {
    if (symbol !== null || (state !== 'trading_halted' && state !== 'trading_resumed')) continue;
    if (state === 'trading_halted') open ??= { at: timestamp, reason };
    else {
      if (!known && open === undefined) open = { at: Number.NEGATIVE_INFINITY, reason: '' };
      if (open !== undefined) halts.push({ from: open.at, to: timestamp, state: open.reason });
      open = undefined;
    }
    known = true;
  }
  if (!known && halted) open = { at: Number.NEGATIVE_INFINITY, reason: '' };
  if (open !== undefined) halts.push({ from: open.at, to, state: open.reason });
  return halts;
}

function joined(changes: readonly { at: number; state: LaneState }[], to: number): Segment<LaneState>[] {
  const segments: Segment<LaneState>[] = [];
  for (const [index, { at, state }] of changes.entries()) {
    const end = changes[index + 1]?.at ?? to;
    const last = segments.at(-1);
    if (last?.state === state) segments[segments.length - 1] = { ...last, to: end };
    else segments.push({ from: at, to: end, state });
  }
  return segments;
}

function clip<S>(segments: readonly Segment<S>[], from: number, to: number): Segment<S>[] {
  return segments
    .filter((segment) => segment.to > from && segment.from < to)
    .map((segment) => ({ ...segment, from: Math.max(segment.from, from), to: Math.min(segment.to, to) }));
}
