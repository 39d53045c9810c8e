import type { StatusJson } from '../../src/gateway/api/record-schema.ts';
import { eventKey, isSwitch } from '../events/event-log.ts';
import { type InstanceSpan, untilNow } from './instance-spans.ts';
import {
  type Before,
  type Change,
  type LaneState,
  laneState,
  sinkChanges,
  sinkLaneState,
  tradingChanges,
  venueChanges,
} from './lane-states.ts';
import { type MarkKind, markKindOf } from './mark-kind.ts';

export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly state: LaneState;
  /** True while this was the active venue. */
  readonly serves: boolean;
  /** Why, for people; may be empty. */
  readonly reason: string;
}

export interface Mark {
  readonly at: number;
  readonly kind: MarkKind;
  readonly text: string;
  /** The event's key in the list. */
  readonly key: string;
}

export interface Lane {
  readonly kind: 'trading' | 'feed' | 'venue' | 'sink';
  readonly name: string;
  /** Without a gap from `begun` to `to`. */
  readonly segments: readonly Segment[];
  readonly marks: readonly Mark[];
}

export interface Timeline {
  readonly from: number;
  readonly to: number;
  /** Nothing is known of the time before. */
  readonly begun: number;
  readonly lanes: readonly Lane[];
  readonly switches: readonly { readonly at: number; readonly from: string | null; readonly to: string }[];
}

/** What the page knows of the feed's past. */
export interface Past {
  /** In order of time, with the events of the feed's life (`lifeEvents`). */
  readonly events: readonly StatusJson[];
  /** When an instance of the feed was alive, oldest first. */
  readonly spans: readonly InstanceSpan[];
  /** Since when no event is missing, milliseconds since 1970; null: not known. */
  readonly completeSince: number | null;
  /** Nothing is known of the time after it, milliseconds since 1970. */
  readonly knownUntil: number;
}

/** The present state. It counts for lanes without an event. */
export interface Present {
  readonly venues: readonly { readonly venue: string; readonly state: string; readonly active: boolean }[];
  readonly sinks: readonly { readonly name: string; readonly state: string }[];
  readonly trading: 'allowed' | 'halted';
}

/** One instance of the feed: when it was alive, and its events. */
interface Instance {
  readonly spans: readonly InstanceSpan[];
  readonly events: readonly StatusJson[];
  readonly fromStart: boolean;
  /** True if it is alive at present. */
  readonly isPresent: boolean;
}

type Piece = Omit<Segment, 'from' | 'to'>;

/**
 * Draws the time from `from` to `to`: whether trading was allowed, when the feed was alive, the state of each venue and
 * sink, and what happened. Where no instance was alive, each lane is in the state `none`. If several instances were
 * alive, the worst state counts. The time that is not known yet is in the state `unknown`.
 */
export function timeline(past: Past, present: Present, from: number, to: number): Timeline {
  const { events, spans, completeSince } = past;
  const until = Math.max(from, Math.min(past.knownUntil, to));
  const known = untilNow(spans, until);
  const begun = Math.min(until, Math.max(from, completeSince ?? from, known[0]?.from ?? until));
  const instances = instancesOf(events, known, completeSince, until);
  const since: readonly Segment[] =
    until < to ? [{ from: until, to, state: 'unknown', serves: false, reason: '' }] : [];
  const marksOf = (wanted: (event: StatusJson) => boolean): Mark[] =>
    events.filter((event) => event.timestamp >= from && event.timestamp <= to && wanted(event)).flatMap(markOf);
  const lane = (
    kind: Lane['kind'],
    name: string,
    pieces: (instance: Instance) => readonly PieceChange[],
    wanted: (event: StatusJson) => boolean,
  ): Lane => {
    const segments = [...combined(instances, pieces, begun, until), ...since];
    return { kind, name, segments, marks: marksOf(wanted) };
  };
  const before = ({ fromStart, isPresent }: Instance, now: LaneState | undefined): Before => {
    return { fromStart, now: isPresent ? now : undefined };
  };
  const idle = (changes: readonly Change[]) => changes.map((change): PieceChange => ({ ...change, serves: false }));
  const halted = present.trading === 'halted' ? 'halted' : 'up';
  return {
    from,
    to,
    begun,
    lanes: [
      lane(
        'trading',
        'Trading',
        (one) => idle(tradingChanges(one.events, before(one, halted))),
        ({ state, symbol }) => state === 'trading_halted' && symbol === null,
      ),
      lane(
        'feed',
        'Feed',
        () => [{ at: Number.NEGATIVE_INFINITY, state: 'up', reason: '', serves: false }],
        ({ state }) => state === 'stopped' || LIFE.has(state),
      ),
      ...present.venues.map(({ venue, state, active }) =>
        lane(
          'venue',
          venue,
          (one) => {
            const own = one.events.filter((event) => event.venue === venue);
            const states = venueChanges(own, before(one, laneState(state)));
            return serving(states, turnsOf(venue, one.events, one.isPresent && active));
          },
          (event) => event.venue === venue,
        ),
      ),
      ...sinkNames(events, present).map((name) => {
        const ofSink = ({ state, cause }: StatusJson) => state.startsWith('sink_') && cause === name;
        const now = present.sinks.find((sink) => sink.name === name)?.state;
        const nowState = now === undefined ? undefined : sinkLaneState(now);
        return lane('sink', name, (one) => idle(sinkChanges(one.events.filter(ofSink), before(one, nowState))), ofSink);
      }),
    ],
    switches: events
      .filter((event) => isFeedSwitch(event) && event.timestamp >= from && event.timestamp <= to)
      .map(({ timestamp, venue, switch: seam }) => ({ at: timestamp, from: seam?.from ?? null, to: venue ?? '' })),
  };
}

const LIFE = new Set(['feed_started', 'feed_back', 'feed_lost']);

interface PieceChange extends Change {
  readonly serves: boolean;
}

function instancesOf(
  events: readonly StatusJson[],
  spans: readonly InstanceSpan[],
  completeSince: number | null,
  to: number,
): readonly Instance[] {
  const byName = Map.groupBy(spans, ({ instance }) => instance);
  const eventsOf = Map.groupBy(events, ({ instance }) => instance);
  return [...byName].map(([name, own]) => {
    const [first] = own;
    return {
      spans: own,
      events: eventsOf.get(name) ?? [],
      fromStart: first?.started === true && (completeSince === null || completeSince <= first.from),
      isPresent: (own.at(-1)?.to ?? 0) >= to,
    };
  });
}

function isFeedSwitch(event: StatusJson): boolean {
  return isSwitch(event) && event.symbol === null;
}

function markOf(event: StatusJson): Mark[] {
  const kind = markKindOf(event);
  return kind === undefined ? [] : [{ at: event.timestamp, kind, text: event.reason, key: eventKey(event) }];
}

function sinkNames(events: readonly StatusJson[], { sinks }: Present): readonly string[] {
  const named = events.flatMap(({ state, cause }) => (state.startsWith('sink_') && cause !== null ? [cause] : []));
  return [...new Set([...sinks.map(({ name }) => name), ...named])];
}

/** When one instance had the venue as its active venue: the times at which that changed, first the beginning of time. */
function turnsOf(venue: string, events: readonly StatusJson[], active: boolean): { at: number; serves: boolean }[] {
  const switches = events.filter(isFeedSwitch);
  const [first] = events;
  const [firstSwitch] = switches;
  const before = first === firstSwitch ? firstSwitch?.switch?.from : first?.active_venue;
  const begins = first === undefined ? active : before === venue;
  return [
    { at: Number.NEGATIVE_INFINITY, serves: begins },
    ...switches.map((event) => ({ at: event.timestamp, serves: event.venue === venue })),
  ];
}

/** The states of a venue, with whether it was active. */
function serving(states: readonly Change[], turns: readonly { at: number; serves: boolean }[]): PieceChange[] {
  const times = [...new Set([...states, ...turns].map(({ at }) => at))].sort((a, b) => a - b);
  let state = 0;
  let turn = 0;
  return times.flatMap((at) => {
    while ((states[state + 1]?.at ?? Number.POSITIVE_INFINITY) <= at) state++;
    while ((turns[turn + 1]?.at ?? Number.POSITIVE_INFINITY) <= at) turn++;
    const present = states[state];
    return present === undefined ? [] : [{ ...present, at, serves: turns[turn]?.serves === true }];
  });
}

/** From the worst state to the best one. */
const WORST: readonly LaneState[] = ['halted', 'down', 'stale', 'unknown', 'connecting', 'up', 'none'];
const NO_FEED: Piece = { state: 'none', serves: false, reason: '' };

/** One lane of all instances, from `begun` to `to`. */
function combined(
  instances: readonly Instance[],
  piecesOf: (instance: Instance) => readonly PieceChange[],
  begun: number,
  to: number,
): Segment[] {
  const all = instances.flatMap((instance) => alive(instance.spans, piecesOf(instance)));
  const segments = all.filter((segment) => segment.to > begun && segment.from < to);
  const times = [...segments.map(({ from }) => from), ...segments.map((segment) => segment.to)];
  const bounds = [...new Set([begun, ...times.filter((at) => at > begun && at < to), to])].sort((a, b) => a - b);
  const ordered = segments.sort((a, b) => a.from - b.from);
  const result: Segment[] = [];
  let open: Segment[] = [];
  let next = 0;
  for (const [index, from] of bounds.slice(0, -1).entries()) {
    const end = bounds[index + 1] ?? to;
    for (; (ordered[next]?.from ?? Number.POSITIVE_INFINITY) <= from; next++)
      open.push(...ordered.slice(next, next + 1));
    open = open.filter((segment) => segment.to > from);
    const [worst = NO_FEED] = open.toSorted((a, b) => WORST.indexOf(a.state) - WORST.indexOf(b.state));
    const piece = { state: worst.state, reason: worst.reason, serves: open.some(({ serves }) => serves) };
    const last = result.at(-1);
    if (last !== undefined && last.state === piece.state && last.serves === piece.serves)
      result[result.length - 1] = { ...last, to: end };
    else result.push({ from, to: end, ...piece });
  }
  return result;
}

/** What the changes mean for the spans in which the instance was alive. */
function alive(spans: readonly InstanceSpan[], changes: readonly PieceChange[]): Segment[] {
  return spans.flatMap((span) =>
    changes.flatMap(({ at, ...piece }, index) => {
      const from = Math.max(at, span.from);
      const to = Math.min(changes[index + 1]?.at ?? Number.POSITIVE_INFINITY, span.to);
      return from < to ? [{ ...piece, from, to }] : [];
    }),
  );
}
