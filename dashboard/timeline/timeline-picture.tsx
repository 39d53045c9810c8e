import { isMissing } from '../../src/domain/trade-id.ts';
import type { GapJson } from '../../src/gateway/api/record-schema.ts';
import { cursorTime } from '../page/cursor.ts';
import { useWidth } from '../page/use-size.ts';
import { clock, datedClock, shortClock } from '../text/time-text.ts';
import type { Lane, Segment, Timeline } from './timeline.ts';
import { TimelineLegend } from './timeline-legend.tsx';
import { TimelineMarks, tabStopOf } from './timeline-marks.tsx';

const LABELS = 104;
const LANE = 26;
const TOP = 20;
/** Where the middle of a lane's bar is, below the top of the lane. */
const BAR = 18;
const MINUTE = 60_000;
const HALF_LABEL = 16;
/** Least widths of the bar of a good and of a bad state, CSS pixels. */
const LEAST = 1;
const LEAST_BAD = 3;

interface PictureProps {
  readonly timeline: Timeline;
  readonly gaps: readonly GapJson[];
  /** Called with the key of the event whose mark was chosen. */
  readonly onSelect: (key: string) => void;
}

/** Draws the timeline: a lane for trading, the feed, each venue and each sink, with marks for events. */
export function TimelinePicture({ timeline, gaps, onSelect }: PictureProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const { from, to, begun, lanes, switches } = timeline;
  const room = Math.max(0, width - LABELS - 8);
  const x = (at: number) => LABELS + ((at - from) / (to - from)) * room;
  const y = (lane: number) => TOP + LANE * lane;
  const height = TOP + LANE * lanes.length + 4;
  const laneOf = (venue: string | null) => lanes.findIndex(({ kind, name }) => kind === 'venue' && name === venue);
  const point = (event: MouseEvent & { readonly currentTarget: SVGElement }) => {
    const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
    cursorTime.value = at < LABELS ? undefined : Math.min(to, from + ((at - LABELS) / room) * (to - from));
  };
  const tabStop = tabStopOf(lanes, x);
  return (
    <div class="timeline">
      <div ref={ref}>
        {room > 0 && (
          // biome-ignore lint/a11y/useSemanticElements: an SVG cannot be a fieldset
          <svg
            width={width}
            height={height}
            role="group"
            aria-label={summary(timeline)}
            onPointerMove={point}
            onPointerDown={point}
            onPointerLeave={() => {
              cursorTime.value = undefined;
            }}
          >
            <Patterns />
            <rect class="ground" width={width} height={height} />
            <Axis from={from} to={to} x={x} bottom={height - 4} />
            {begun > from && x(begun) > LABELS + 90 && (
              <text class="unseen-past" x={x(begun) - 6} y={height - 8}>
                not known before {shortClock(begun)}
              </text>
            )}
            {lanes.map((lane, at) => (
              <LaneBars key={`${lane.kind} ${lane.name}`} lane={lane} y={y(at)} x={x} />
            ))}
            {lanes.map(({ kind, name }, at) =>
              kind === 'venue' ? <Gaps key={name} gaps={gaps} venue={name} y={y(at)} x={x} from={from} /> : null,
            )}
            {switches.map((each) => {
              const target = laneOf(each.to);
              const source = laneOf(each.from);
              if (target === -1 || source === -1) return null;
              const end = y(target) + BAR;
              return (
                <g key={`${each.at} ${each.to}`} class="switch">
                  <line x1={x(each.at)} x2={x(each.at)} y1={y(source) + BAR} y2={end} />
                  <path d={`M${x(each.at) - 4} ${end + (target > source ? -5 : 5)}h8L${x(each.at)} ${end}z`} />
                </g>
              );
            })}
            {lanes.map(({ kind, name, marks }, at) => (
              <TimelineMarks
                key={`${kind} ${name}`}
                lane={name}
                marks={marks}
                x={x}
                y={y(at)}
                tabStop={tabStop}
                onSelect={onSelect}
              />
            ))}
            <Cursor from={from} to={to} x={x} bottom={height - 4} />
          </svg>
        )}
      </div>
      <TimelineLegend />
    </div>
  );
}

interface LaneBarsProps {
  readonly lane: Lane;
  readonly y: number;
  readonly x: (at: number) => number;
}

function LaneBars({ lane, y, x }: LaneBarsProps) {
  const isGood = ({ state }: Segment) => state === 'up';
  // Bad states come last, so that a short one is not covered by the good ones beside it.
  const ordered = [...lane.segments.filter(isGood), ...lane.segments.filter((segment) => !isGood(segment))];
  return (
    <g>
      <text class={`lane-label${lane.segments.at(-1)?.serves === true ? ' is-active' : ''}`} x="0" y={y + BAR + 4}>
        {lane.name}
      </text>
      {ordered.map((segment) => {
        const isThick = segment.serves || segment.state === 'halted' || segment.state === 'none';
        const least = isGood(segment) ? LEAST : LEAST_BAD;
        return (
          <rect
            key={`${segment.from} ${segment.state}`}
            class={`state-${segment.state}`}
            x={x(segment.from)}
            y={y + BAR - (isThick ? 5 : 2.5)}
            width={Math.max(least, x(segment.to) - x(segment.from))}
            height={isThick ? 10 : 5}
          >
            <title>{segmentText(lane, segment)}</title>
          </rect>
        );
      })}
    </g>
  );
}

const WORDS: Readonly<Record<Lane['kind'], string>> = {
  trading: 'allowed',
  feed: 'alive',
  venue: 'stands by',
  sink: 'up',
};

function segmentText({ kind, name }: Lane, { from, to, state, serves, reason }: Segment): string {
  const word =
    state === 'none' ? 'no feed' : state === 'up' && !serves ? WORDS[kind] : state === 'up' ? 'serves' : state;
  const turn = serves && state !== 'up' ? ', while it was the active venue' : '';
  return `${name}: ${word}${turn}, ${clock(from)} to ${clock(to)}${reason === '' ? '' : `: ${reason}`}`;
}

interface GapsProps {
  readonly gaps: readonly GapJson[];
  readonly venue: string;
  readonly y: number;
  readonly x: (at: number) => number;
  readonly from: number;
}

function Gaps({ gaps, venue, y, x, from }: GapsProps) {
  return (
    <g>
      {gaps
        .filter((gap) => gap.venue === venue && gap.to_time >= from)
        .map((gap) => (
          <rect
            key={`${gap.symbol} ${gap.epoch} ${gap.from_id} ${gap.outcome}`}
            class={isMissing(gap.outcome) ? 'gap-unrepaired' : 'gap-repaired'}
            x={x(Math.max(from, gap.from_time))}
            y={y + LANE - 2}
            width={Math.max(LEAST_BAD, x(gap.to_time) - x(Math.max(from, gap.from_time)))}
            height="3"
          />
        ))}
    </g>
  );
}

interface AxisProps {
  readonly from: number;
  readonly to: number;
  readonly x: (at: number) => number;
  readonly bottom: number;
}

function Axis({ from, to, x, bottom }: AxisProps) {
  const step = [1, 5, 15, 60, 240].find((minutes) => (to - from) / (minutes * MINUTE) <= 6) ?? 240;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / (step * MINUTE)) * step * MINUTE; at < to; at += step * MINUTE) {
    if (x(at) < x(to) - HALF_LABEL) ticks.push(at);
  }
  return (
    <g class="axis">
      {ticks.map((at) => (
        <g key={at}>
          <line x1={x(at)} x2={x(at)} y1={TOP - 6} y2={bottom} />
          <text x={x(at)} y={TOP - 8}>
            {shortClock(at)}
          </text>
        </g>
      ))}
    </g>
  );
}

/** The moment that the pointer points at, here or in the chart. */
function Cursor({ from, to, x, bottom }: AxisProps) {
  const at = cursorTime.value;
  if (at === undefined || at < from || at > to) return null;
  const text = datedClock(at, to);
  const half = text.length * 3.2 + 4;
  const middle = Math.min(Math.max(x(at), LABELS + half), x(to) - half + 8);
  return (
    <g class="cursor">
      <line x1={x(at)} x2={x(at)} y1={TOP - 4} y2={bottom} />
      <rect x={middle - half} y="0" width={half * 2} height="15" rx="3" />
      <text x={middle} y="11">
        {text}
      </text>
    </g>
  );
}

function Patterns() {
  return (
    <defs>
      <pattern id="hatch-down" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="hatch-ground" width="5" height="5" />
        <rect class="hatch-bad" width="3" height="5" />
      </pattern>
      <pattern id="hatch-stale" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
        <rect class="hatch-ground" width="5" height="5" />
        <rect class="hatch-warn" width="3" height="5" />
      </pattern>
      <pattern id="hatch-none" width="4" height="4" patternUnits="userSpaceOnUse">
        <rect class="hatch-ground" width="4" height="4" />
        <path class="hatch-unknown" d="M0 0h2v2H0zM2 2h2v2H2z" />
      </pattern>
    </defs>
  );
}

function summary({ lanes, switches, from, to }: Timeline): string {
  const minutes = Math.round((to - from) / MINUTE);
  const halts = lanes.find(({ kind }) => kind === 'trading')?.segments.filter(({ state }) => state === 'halted') ?? [];
  const serving = lanes.find(({ segments }) => segments.at(-1)?.serves === true)?.name ?? 'none';
  const time = minutes > 60 ? `${minutes / 60} hours` : `${minutes} minutes`;
  return `The last ${time}: ${switches.length} switches of venue, ${halts.length} halts; active venue ${serving}. The list of events has the same in words.`;
}
