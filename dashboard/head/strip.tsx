import { allEvents, completeSince, spans } from '../events/feed-events.ts';
import { status } from '../feed/feed-state.ts';
import { venueGlyph, venueKind } from '../feed/venues.tsx';
import { feedTime, now } from '../page/page-clock.ts';
import { useWidth } from '../page/use-size.ts';
import { timeline } from '../timeline/timeline.ts';

const MINUTES = 15;
const LANE = 7;
const THICK = 5;
const THIN = 2;

/** Shows the state of venues and sinks, and the last minutes, in a few lines. The panels below show more. */
export function Strip() {
  const overview = status.value;
  if (overview === undefined)
    return (
      <section class="panel strip" aria-label="Feed">
        <p class="note">No status of the feed yet.</p>
      </section>
    );
  return (
    <section class="panel strip" aria-label="Feed">
      <ul class="strip-states">
        {overview.venues.map((venue) => (
          <li key={venue.venue} class={`strip-state venue-${venueKind(venue)}`}>
            <a href="#venues-title" title={venue.reason === '' ? undefined : venue.reason}>
              <span class="venue-state" aria-hidden="true">
                {venueGlyph(venue)}
              </span>
              <strong>{venue.venue}</strong>
              <span class="venue-state">{venue.state.replaceAll('_', ' ')}</span>
              {venue.active && <span class="chip">active</span>}
            </a>
          </li>
        ))}
        {overview.sinks.map((sink) => (
          <li key={sink.name} class={`strip-state venue-${sink.state === 'up' ? 'up' : 'down'}`}>
            <a href="#venues-title" title={sink.reason === '' ? undefined : sink.reason}>
              <span class="venue-state" aria-hidden="true">
                {sink.state === 'up' ? '●' : '✕'}
              </span>
              <span class="label">sink</span>
              <strong>{sink.name}</strong>
              <span class="venue-state">{sink.state}</span>
            </a>
          </li>
        ))}
      </ul>
      <ShortTimeline />
    </section>
  );
}

/** A line for trading and for each venue, thick while the venue served. */
function ShortTimeline() {
  const { ref, width } = useWidth<HTMLAnchorElement>();
  const overview = status.value;
  if (overview === undefined) return null;
  const to = feedTime(now.value);
  const from = to - MINUTES * 60_000;
  const past = { events: allEvents.value, spans: spans.value, completeSince: completeSince.value };
  const shown = timeline(past, { ...overview, trading: overview.trading.state }, from, to);
  const lanes = shown.lanes.filter(({ kind }) => kind === 'trading' || kind === 'venue');
  const x = (at: number) => ((at - from) / (to - from)) * width;
  return (
    <a
      ref={ref}
      class="strip-timeline"
      href="#timeline-title"
      aria-label={`The last ${MINUTES} minutes: to the timeline`}
    >
      {width > 0 && (
        <svg width={width} height={LANE * lanes.length} aria-hidden="true">
          {lanes.map((lane, at) =>
            lane.segments.map((segment) => {
              const height = segment.serves || segment.state !== 'up' || lane.kind === 'trading' ? THICK : THIN;
              return (
                <rect
                  key={`${lane.name} ${segment.from}`}
                  class={`state-${segment.state}`}
                  x={x(segment.from)}
                  y={LANE * at + (LANE - height) / 2}
                  width={Math.max(2, x(segment.to) - x(segment.from))}
                  height={height}
                />
              );
            }),
          )}
        </svg>
      )}
      <span class="strip-axis">
        <span>−{MINUTES} m</span>
        <span>now</span>
      </span>
    </a>
  );
}
