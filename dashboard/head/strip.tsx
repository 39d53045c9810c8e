import type { ComponentChildren } from 'preact';
import { past } from '../events/feed-events.ts';
import { status } from '../feed/feed-state.ts';
import { type PartLook, sinkLook, venueLook } from '../feed/part-look.ts';
import { feedTime, now } from '../page/page-clock.ts';
import { useWidth } from '../page/use-size.ts';
import { timeline } from '../timeline/timeline.ts';
import { tradingState } from './headline.ts';

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
  const isKnown = tradingState.value !== 'unknown';
  return (
    <section class="panel strip" aria-label="Feed">
      <ul class="strip-states">
        {overview.venues.map(({ venue, state, active, reason }) => (
          <StripState key={venue} name={venue} look={venueLook(state, isKnown)} reason={reason}>
            {active && isKnown && <span class="chip">active</span>}
          </StripState>
        ))}
        {overview.sinks.map(({ name, state, reason }) => (
          <StripState key={name} type="sink" name={name} look={sinkLook(state, isKnown)} reason={reason} />
        ))}
      </ul>
      <ShortTimeline />
    </section>
  );
}

interface StripStateProps {
  readonly type?: string;
  readonly name: string;
  readonly look: PartLook;
  readonly reason: string;
  readonly children?: ComponentChildren;
}

function StripState({ type, name, look: { kind, glyph, text }, reason, children }: StripStateProps) {
  return (
    <li class={`strip-state venue-${kind}`}>
      <a href="#venues-title" title={reason === '' ? undefined : reason}>
        <span class="venue-state" aria-hidden="true">
          {glyph}
        </span>
        {type !== undefined && <span class="label">{type}</span>}
        <strong>{name}</strong>
        <span class="venue-state">{text}</span>
        {children}
      </a>
    </li>
  );
}

/** A line for trading and for each venue, thick while the venue served. */
function ShortTimeline() {
  const { ref, width } = useWidth<HTMLAnchorElement>();
  const overview = status.value;
  if (overview === undefined) return null;
  const to = feedTime(now.value);
  const from = to - MINUTES * 60_000;
  const shown = timeline(past.value, { ...overview, trading: overview.trading.state }, from, to);
  const lanes = shown.lanes.filter(({ kind }) => kind === 'trading' || kind === 'venue');
  const x = (at: number) => ((at - from) / (to - from)) * width;
  return (
    <a ref={ref} class="strip-timeline" href="#timeline-title">
      <span class="unseen">To the timeline. The last {MINUTES} minutes: </span>
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
