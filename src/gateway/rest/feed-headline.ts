import { type Headline, type HeadlineState, headlineOf } from '../../domain/headline.ts';
import { isMissing } from '../../domain/trade-id.ts';
import type { GatewayView } from '../view/view.ts';

const READING = 'the topics are not read up to the present yet';

/** The sentence about the feed. Without details, it names no hosts and paths of this machine. */
export function feedHeadline(view: GatewayView, withDetails = true): Headline {
  const { feed, snapshot, behind, at } = view;
  return headlineOf({
    at,
    mode: view.mode,
    trading: behind === undefined ? feed.headlineTrading : { state: 'unknown', reason: withDetails ? behind : READING },
    serving: servingOf(view),
    venues: venuesOf(view),
    halted: feed.halted,
    sinks: sinksOf(view).map((sink) => (withDetails ? sink : { ...sink, reason: '' })),
    counts: snapshot?.counts ?? { gaps: unrepairedGaps(view) },
  });
}

/** Why the gateway's feed is not ready, from its headline; empty if it is. */
export function notReady({ behind }: GatewayView, { trading, missing }: Headline): readonly string[] {
  const reason = behind === undefined ? `feed: ${trading.reason}` : trading.reason;
  return [
    ...(trading.state === 'allowed' ? [] : [reason]),
    ...missing.filter(({ type }) => type === 'sink').map(({ text }) => text),
  ];
}

/** A gateway that started later than the feed knows from the snapshot since when the venue serves. */
function servingOf({ feed, snapshot }: GatewayView): HeadlineState['serving'] {
  const { serving } = feed.instances;
  return serving.since === null ? (snapshot?.serving ?? serving) : serving;
}

function unrepairedGaps({ gaps }: GatewayView): number {
  return gaps.latest(undefined, ({ outcome }) => isMissing(outcome)).length;
}

function venuesOf({ snapshot, feed, at }: GatewayView): HeadlineState['venues'] {
  if (snapshot === undefined)
    return [...feed.venues.values()].map((venue) => ({ ...venue, active: venue.venue === feed.activeVenue }));
  const passedMs = Math.max(at - snapshot.at, 0);
  const reported = feed.venues;
  // The records are newer than the snapshot.
  return snapshot.venues.map((venue) => ({
    ...venue,
    state: venue.state === 'idle' ? 'idle' : (reported.get(venue.venue)?.state ?? venue.state),
    ageMs: venue.ageMs === null ? null : venue.ageMs + passedMs,
  }));
}

/** The sinks of the snapshot, and those that the status records report as down. */
function sinksOf({ snapshot, feed }: GatewayView): HeadlineState['sinks'] {
  const known = snapshot?.sinks ?? [];
  const reported = [...feed.sinksDown].map(([name, reason]): HeadlineState['sinks'][number] => {
    const dropped = known.find((sink) => sink.name === name)?.dropped ?? null;
    return { name, state: 'down', reason, dropped };
  });
  return [...known.filter(({ name }) => !feed.sinksDown.has(name)), ...reported];
}
