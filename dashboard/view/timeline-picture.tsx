import type { GapJson } from '../../src/gateway/api/record-schema.ts';
import type { Lane, Mark, MarkKind, Timeline } from '../model/timeline.ts';
import { shortClock } from '../text/time-text.ts';
import { MARK_GLYPHS } from './mark-glyph.ts';
import { useWidth } from './use-size.ts';

const LABELS = 104;
const LANE = 34;
const BAR = 8;
const TOP = 22;
const BESIDE = 11;
const MINUTE = 60_000;
const HALF_LABEL = 16;

interface PictureProps {
  readonly timeline: Timeline;
  readonly gaps: readonly GapJson[];
}

/** Draws the last minutes: a lane for each venue, thick while it served, with marks for events. Halts are above them. */
export function TimelinePicture({ timeline, gaps }: PictureProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const { from, to, begun, lanes, halts, switches } = timeline;
  const room = Math.max(0, width - LABELS - 8);
  const x = (at: number) => LABELS + ((at - from) / (to - from)) * room;
  const y = (lane: number) => TOP + LANE * (lane + 1) - 8;
  const height = TOP + LANE * (lanes.length + 1) + 8;
  const laneOf = (venue: string | null) => lanes.findIndex((lane) => lane.venue === venue);
  return (
    <div class="timeline">
      <div ref={ref}>
        {room > 0 && (
          <svg width={width} height={height} role="img" aria-label={summary(timeline)}>
            <Patterns />
            <Axis from={from} to={to} x={x} bottom={height - 8} />
            <text class="lane-label" x="0" y={TOP + 12}>
              Trading
            </text>
            <rect class="state-up" x={x(begun)} y={TOP + 6} width={Math.max(0, x(to) - x(begun))} height={5} />
            {halts.map((halt) => (
              <rect
                key={halt.from}
                class="state-halted"
                x={x(halt.from)}
                y={TOP + 3}
                width={Math.max(3, x(halt.to) - x(halt.from))}
                height={BAR + 3}
              >
                <title>halted: {halt.state}</title>
              </rect>
            ))}
            {lanes.map((lane, at) => (
              <LanePicture key={lane.venue} lane={lane} y={y(at) + 8} x={x} gaps={gaps} from={from} />
            ))}
            {switches.map((each) => {
              const target = laneOf(each.to);
              const source = laneOf(each.from);
              if (target === -1) return null;
              const start = source === -1 ? TOP + BESIDE : y(source) + BESIDE;
              const end = y(target) + BESIDE;
              return (
                <g key={`${each.at} ${each.to}`} class="switch">
                  <line x1={x(each.at)} x2={x(each.at)} y1={start} y2={end} />
                  <path d={`M${x(each.at) - 4} ${end + (end > start ? -5 : 5)}h8L${x(each.at)} ${end}z`} />
                </g>
              );
            })}
          </svg>
        )}
      </div>
      <Legend />
    </div>
  );
}

interface LanePictureProps {
  readonly lane: Lane;
  readonly y: number;
  readonly x: (at: number) => number;
  readonly gaps: readonly GapJson[];
  readonly from: number;
}

function LanePicture({ lane, y, x, gaps, from }: LanePictureProps) {
  return (
    <g>
      <text class={`lane-label${lane.active.length > 0 ? ' is-active' : ''}`} x="0" y={y + BAR}>
        {lane.venue}
      </text>
      {lane.states.map((segment) => (
        <rect
          key={`${segment.from} ${segment.state}`}
          class={`state-${segment.state}`}
          x={x(segment.from)}
          y={y + 2}
          width={Math.max(2, x(segment.to) - x(segment.from))}
          height={BAR - 3}
        />
      ))}
      {lane.active.map((turn) => (
        <rect
          key={turn.from}
          class="turn"
          x={x(turn.from)}
          y={y}
          rx="2"
          width={Math.max(3, x(turn.to) - x(turn.from))}
          height={BAR + 1}
        />
      ))}
      {gaps
        .filter((gap) => gap.venue === lane.venue && gap.to_time >= from)
        .map((gap) => (
          <rect
            key={`${gap.symbol} ${gap.epoch} ${gap.from_id} ${gap.outcome}`}
            class={`gap-${gap.outcome}`}
            x={x(Math.max(from, gap.from_time))}
            y={y + BAR + 2}
            width={Math.max(3, x(gap.to_time) - x(Math.max(from, gap.from_time)))}
            height="3"
          />
        ))}
      {clustered(lane.marks, x).map(({ mark, many, at }) => (
        <text key={`${mark.kind} ${mark.at}`} class={`mark tone-${MARK_GLYPHS[mark.kind].tone}`} x={at} y={y - 4}>
          {MARK_GLYPHS[mark.kind].glyph}
          <title>
            {MARK_GLYPHS[mark.kind].word}
            {many > 1 ? ` ×${many}` : ''}: {mark.text}
          </title>
        </text>
      ))}
    </g>
  );
}

/** Kinds of marks, the most important first. If marks overlap, only the most important one is drawn. */
const WEIGHT: readonly MarkKind[] = ['halt', 'lost', 'stale', 'gap', 'sink', 'rejected', 'repaired', 'recovered'];
const APART = 11;

function clustered(marks: readonly Mark[], x: (at: number) => number) {
  const drawn: { mark: Mark; many: number; at: number }[] = [];
  const heavy = marks
    .filter(({ kind }) => kind !== 'failover') // drawn as a line from lane to lane
    .sort((a, b) => WEIGHT.indexOf(a.kind) - WEIGHT.indexOf(b.kind) || a.at - b.at);
  for (const mark of heavy) {
    const at = x(mark.at);
    const near = drawn.find((other) => Math.abs(other.at - at) < APART);
    if (near === undefined) drawn.push({ mark, many: 1, at });
    else if (near.mark.kind === mark.kind) near.many++;
  }
  return drawn;
}

interface AxisProps {
  readonly from: number;
  readonly to: number;
  readonly x: (at: number) => number;
  readonly bottom: number;
}

function Axis({ from, to, x, bottom }: AxisProps) {
  const step = [1, 5, 15].find((minutes) => (to - from) / (minutes * MINUTE) <= 6) ?? 15;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / (step * MINUTE)) * step * MINUTE; at < to; at += step * MINUTE) {
    if (x(at) < x(to) - HALF_LABEL) ticks.push(at);
  }
  return (
    <g class="axis">
      {ticks.map((at) => (
        <g key={at}>
          <line x1={x(at)} x2={x(at)} y1={TOP - 6} y2={bottom} />
          <text x={x(at)} y={TOP - 10}>
            {shortClock(at)}
          </text>
        </g>
      ))}
    </g>
  );
}

function Patterns() {
  return (
    <defs>
      <pattern id="hatch-down" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="hatch-ground" width="5" height="5" />
        <rect class="hatch-bad" width="2.5" height="5" />
      </pattern>
      <pattern id="hatch-stale" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
        <rect class="hatch-ground" width="5" height="5" />
        <rect class="hatch-warn" width="2.5" height="5" />
      </pattern>
    </defs>
  );
}

function Legend() {
  const shown: readonly MarkKind[] = ['failover', 'lost', 'stale', 'recovered', 'gap', 'repaired'];
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <span class="swatch is-turn" aria-hidden="true" /> serves
      </li>
      <li>
        <span class="swatch is-up" aria-hidden="true" /> stands by
      </li>
      {shown.map((kind) => (
        <li key={kind}>
          <span class={`tone-${MARK_GLYPHS[kind].tone}`} aria-hidden="true">
            {MARK_GLYPHS[kind].glyph}
          </span>{' '}
          {MARK_GLYPHS[kind].word}
        </li>
      ))}
    </ul>
  );
}

function summary({ lanes, switches, halts, from, to }: Timeline): string {
  const minutes = Math.round((to - from) / MINUTE);
  const serving = lanes.find((lane) => lane.active.at(-1)?.to === to)?.venue ?? 'none';
  return `The last ${minutes} minutes: ${switches.length} switches of venue, ${halts.length} halts; active venue ${serving}. The list of events has the same in words.`;
}
