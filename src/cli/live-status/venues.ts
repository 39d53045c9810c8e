import { duration } from '../../domain/duration.ts';
import { headlineOf } from '../../domain/headline.ts';
import type { StatusSnapshot, VenueSnapshot } from '../../domain/status-snapshot.ts';
import { count, latency } from '../terminal/number-text.ts';
import { inColumns, type Span, type Style, span, textWidth } from '../terminal/terminal-text.ts';
import { type Row, wrap } from './screen.ts';

/** Sign and style of each state. The signs differ, because a terminal may have no colours. */
const STATES: Readonly<Record<VenueSnapshot['state'], readonly [sign: string, style: Style]>> = {
  connected: ['●', 'good'],
  quiet: ['●', 'good'],
  connecting: ['◌', 'accent'],
  probing: ['◌', 'accent'],
  idle: ['○', 'dim'],
  stale: ['◐', 'warn'],
  rate_limited: ['◐', 'warn'],
  disconnected: ['✕', 'bad'],
  region_blocked: ['✕', 'bad'],
};

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (venue: VenueSnapshot) => readonly [text: string, style?: Style];
}

/** Columns that are shown if no reason must be cut for them, in this order. */
const OPTIONAL: readonly Column[] = [
  {
    title: 'EVENT LAG',
    width: 11,
    cell: ({ eventLagMs }) => [eventLagMs === null ? '–' : latency(Math.max(0, eventLagMs))],
  },
  { title: 'FRAMES', width: 12, cell: ({ frames }) => [count(frames)] },
  { title: 'RECONNECTS', width: 12, cell: ({ reconnects }) => [count(reconnects), reconnects > 0 ? 'warn' : 'dim'] },
  { title: 'P99', width: 9, cell: ({ latencyMs: { venueToSocket: of } }) => [of === null ? '–' : latency(of.p99)] },
  {
    title: 'CLOCK',
    width: 10,
    cell: ({ clock: { estimate } }) => [
      estimate === null ? '–' : `${estimate.offsetMs < 0 ? '' : '+'}${Math.round(estimate.offsetMs)} ms`,
    ],
  },
];

const BASE_WIDTH = 52;
const REASON_INDENT = 19;
const REASON_ROWS = 2;

/** A header and a row for each venue. If `isWhole`, a reason that does not fit beside its venue gets rows of its own. */
export function venueTable(snapshot: StatusSnapshot, columns: number, isWhole: boolean): readonly Row[] {
  const { venues } = snapshot;
  const serving = new Set(headlineOf(snapshot).serving.names);
  const longest = Math.max(0, ...venues.map(({ reason }) => (reason === '' ? 0 : 2 + textWidth(reason))));
  let left = columns - BASE_WIDTH - longest;
  const shown = OPTIONAL.filter(({ width }) => {
    left -= width;
    return left >= 0;
  });
  const header = `   ${inColumns('VENUE', 16)}${inColumns('STATE', 17)}${inColumns('LINES', 6)}${inColumns('LAST DATA', 10, 'right')}`;
  const titles = shown.map(({ title, width }) => inColumns(title, width, 'right')).join('');
  return [
    [span(header + titles, 'dim')],
    ...venues.flatMap((venue) => venueRows(venue, serving, shown, isWhole ? columns : null)),
  ];
}

function venueRows(
  venue: VenueSnapshot,
  serving: ReadonlySet<string>,
  optional: readonly Column[],
  /** Null: a reason has no rows of its own. */
  columns: number | null,
): readonly Row[] {
  const { linesUp, lines, ageMs, active, reason, state } = venue;
  const [sign, style] = STATES[state];
  const isConcern = style === 'bad' || style === 'warn';
  const reasonStyle = isConcern ? style : 'dim';
  const row: Span[] = [
    venueMark(venue, serving),
    span(inColumns(venue.venue, 16), active ? 'bold' : 'plain'),
    span(inColumns(`${sign} ${state.replaceAll('_', ' ')}`, 17), style),
    span(inColumns(`${linesUp}/${lines}`, 6), linesUp === lines ? 'plain' : 'warn'),
    span(inColumns(ageMs === null ? '–' : age(ageMs), 10, 'right'), isConcern ? style : 'plain'),
    ...optional.map(({ width, cell }) => {
      const [text, cellStyle] = cell(venue);
      return span(inColumns(text, width, 'right'), cellStyle);
    }),
  ];
  if (reason === '') return [row];
  if (columns === null) return [[...row, span(`  ${reason}`, reasonStyle)]];
  const room = columns - BASE_WIDTH - optional.reduce((sum, { width }) => sum + width, 0);
  if (2 + textWidth(reason) <= room) return [[...row, span(`  ${reason}`, reasonStyle)]];
  const text = [span(`${' '.repeat(REASON_INDENT)}${reason}`, reasonStyle)];
  return [row, ...wrap(text, columns, REASON_ROWS, REASON_INDENT)];
}

/** Marks the venue that serves, and, hollow, an active venue that does not. */
function venueMark({ venue, active }: VenueSnapshot, serving: ReadonlySet<string>): Span {
  if (serving.has(venue)) return span(' ▶ ', 'good');
  return active ? span(' ▷ ', 'warn') : span('   ');
}

/** The venues without a table, for small terminals. */
export function venueStrip(snapshot: StatusSnapshot, columns: number): readonly Row[] {
  const serving = new Set(headlineOf(snapshot).serving.names);
  const parts = snapshot.venues.flatMap((venue) => {
    const [sign, style] = STATES[venue.state];
    const state = style === 'good' ? '' : ` ${venue.state.replaceAll('_', ' ')}`;
    const mark = serving.has(venue.venue) ? '▶' : venue.active ? '▷' : '';
    return [span(` ${mark}${venue.venue}`, venue.active ? 'bold' : 'plain'), span(` ${sign}${state} `, style)];
  });
  return parts.length === 0 ? [] : wrap(parts, columns, 2);
}

/** An age without milliseconds, so that it does not tremble. */
export function age(ms: number): string {
  return ms < 1000 ? '< 1 s' : duration(ms);
}
