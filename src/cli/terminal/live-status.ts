import { duration } from '../../domain/duration.ts';
import { headlineOf } from '../../domain/headline.ts';
import type {
  CoinSnapshot,
  LatencySummary,
  SinkSnapshot,
  StatusSnapshot,
  VenueSnapshot,
} from '../../domain/status-snapshot.ts';
import { amount, count, latency, percent, rate } from './number-text.ts';
import { moveOf, type PriceMemory, type PriceTrail, placesOf, sparkline } from './price-memory.ts';
import type { Note, StatusNotes } from './status-notes.ts';
import { inColumns, padSpans, type Span, type Style, span, spansWidth, textWidth, toRow } from './terminal-text.ts';

export interface StatusView {
  readonly snapshot: StatusSnapshot;
  /** The prices painted so far, including this snapshot's. */
  readonly memory: PriceMemory;
  /** As many notes are shown as there is room for. */
  readonly notes: Pick<StatusNotes, 'latest'>;
  /** Files and commands, one row each. */
  readonly hints: readonly string[];
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

type Row = readonly Span[];

/** Number of blank rows between the sections. */
const BLANKS = 3;

/** The live status as at most `rows` rows of at most `columns` columns. */
export function renderStatus(
  { snapshot, memory, notes, hints }: StatusView,
  { columns, rows, color }: Screen,
): string[] {
  const top = [titleRow(snapshot, columns), ...bannerRows(snapshot, columns)];
  const venues = [venueHeader(columns), ...snapshot.venues.map((venue) => venueRow(venue, columns))];
  const sinks = snapshot.sinks.map(sinkRow);
  const counts = countRows(snapshot, columns);
  const hintRows = hints.map((hint): Row => [span(` ${hint}`, 'dim')]);
  const across = Math.max(1, Math.floor(columns / CELL_WIDTH));
  const room = rows - top.length - venues.length - 1 - Math.ceil(snapshot.coins.length / across);
  // Coins come first: to make room for them, the latencies are left out, then the blank rows, then the hints.
  const shown = [...sinks, ...counts, ...hintRows];
  const timed = [...sinks, ...latencyRows(snapshot, columns), ...counts, ...hintRows];
  const bottom = timed.length + BLANKS <= room ? timed : shown.length <= room ? shown : [...sinks, ...counts];

  const left = rows - top.length - venues.length - bottom.length;
  const coins = coinBlock(snapshot.coins, memory, columns, Math.max(2, left));
  let free = left - coins.length;
  const blank = (): readonly Row[] => (free-- > 0 ? [[]] : []);
  const sections = [top, blank(), venues, blank(), coins, blank(), bottom];
  const latest = notes.latest(free > 1 ? free - 1 : free).map(noteRow);
  return [...sections.flat(), ...(free > 1 && latest.length > 0 ? [[]] : []), ...latest]
    .slice(0, rows)
    .map((row) => toRow(row, columns, color));
}

/** The headline, as in the API and on the page. */
function titleRow(snapshot: StatusSnapshot, columns: number): Row {
  const { trading, serving, lagText, missing } = headlineOf(snapshot);
  const left: Row = [
    span(' market-feed ', 'title'),
    span(' '),
    span(trading.text, trading.state === 'allowed' ? 'good' : 'bad'),
    span(` · venue ${serving.text}`, serving.names.length === 0 ? 'warn' : 'bold'),
    ...(lagText === '' ? [] : [span(` · event lag ${lagText}`)]),
    ...missing.map(({ text }) => span(` · ${text}`, 'warn')),
  ];
  const { at, startedAt } = snapshot;
  const right = `up ${duration(at - startedAt)}  ${new Date(at).toISOString().slice(11, 19)} UTC `;
  const gap = columns - spansWidth(left) - right.length;
  return gap < 2 ? left : [...left, span(' '.repeat(gap)), span(right, 'dim')];
}

/** A banner that says that these prices are not market prices; none in production. */
function bannerRows({ environment, venues }: StatusSnapshot, columns: number): readonly Row[] {
  const active = venues.find((venue) => venue.active);
  const shown = active !== undefined && active.environment !== 'production' ? active.environment : environment;
  if (shown === 'production') return [];
  return [[span(inColumns(` *** ${shown.toUpperCase()}: these are not market prices ***`, columns), 'alarm')]];
}

const STATES: Readonly<Record<VenueSnapshot['state'], Style>> = {
  connected: 'good',
  quiet: 'good',
  connecting: 'accent',
  probing: 'accent',
  idle: 'dim',
  stale: 'warn',
  rate_limited: 'warn',
  disconnected: 'bad',
  region_blocked: 'bad',
};

/** The columns of a venue's row with its counters, without a reason. */
const COUNTED_WIDTH = 76;
/** If fewer columns of a reason fit beside the counters, the reason replaces the counters. */
const REASON_WIDTH = 20;

function venueHeader(columns: number): Row {
  const names = `   ${inColumns('VENUE', 16)}${inColumns('STATE', 17)}${inColumns('LINES', 6)}${inColumns('LAST DATA', 10, 'right')}`;
  const counters = `${inColumns('FRAMES', 12, 'right')}${inColumns('RECONNECTS', 12, 'right')}`;
  return [span(columns < COUNTED_WIDTH ? names : names + counters, 'dim')];
}

function venueRow(
  { venue, state, active, linesUp, lines, ageMs, frames, reconnects, reason }: VenueSnapshot,
  columns: number,
): Row {
  const style = STATES[state];
  const isConcern = style === 'bad' || style === 'warn';
  const shown = reason === '' ? '' : `  ${reason}`;
  const counters = [
    span(inColumns(count(frames), 12, 'right')),
    span(inColumns(count(reconnects), 12, 'right'), reconnects > 0 ? 'warn' : 'dim'),
  ];
  return [
    span(active ? ' ▶ ' : '   ', 'good'),
    span(inColumns(venue, 16), active ? 'bold' : 'plain'),
    span(inColumns(`${state === 'idle' ? '○' : '●'} ${state.replaceAll('_', ' ')}`, 17), style),
    span(inColumns(`${linesUp}/${lines}`, 6), linesUp === lines ? 'plain' : 'warn'),
    span(inColumns(ageMs === null ? '–' : duration(ageMs), 10, 'right'), isConcern ? style : 'plain'),
    ...(columns >= COUNTED_WIDTH + Math.min(textWidth(shown), 2 + REASON_WIDTH) ? counters : []),
    span(shown, isConcern ? style : 'dim'),
  ];
}

const CELL = { coin: 7, price: 13, arrow: 2, change: 9, rate: 7 };
const CELL_WIDTH = 1 + CELL.coin + CELL.price + CELL.arrow + CELL.change + CELL.rate;
const EXTRAS = { trail: 22, age: 10, venue: 18 };

/** A header and the coins, side by side only as far as needed to show all coins in `room` rows. */
function coinBlock(coins: readonly CoinSnapshot[], memory: PriceMemory, columns: number, room: number): Row[] {
  const most = Math.max(1, Math.floor(columns / CELL_WIDTH));
  const across = Math.min(most, Math.max(1, Math.ceil(coins.length / Math.max(1, room - 1))));
  const width = Math.floor(columns / across);
  const fits = coins.length <= across * (room - 1);
  const perColumn = fits ? Math.ceil(coins.length / across) : Math.max(0, room - 2);
  const header = Array.from({ length: across }, () => padSpans([span(coinHeader(width), 'dim')], width)).flat();
  const body = Array.from({ length: perColumn }, (_, row) =>
    Array.from({ length: across }, (_unused, column) => {
      const coin = coins[column * perColumn + row];
      return coin === undefined ? [] : padSpans(coinCell(coin, memory.get(coin.symbol), width), width);
    }).flat(),
  );
  const hidden = coins.length - across * perColumn;
  return [header, ...body, ...(hidden > 0 ? [[span(` … and ${hidden} more coins: enlarge the window`, 'dim')]] : [])];
}

function extrasWithin(width: number) {
  let left = width - CELL_WIDTH;
  const take = (wanted: number) => {
    if (left < wanted) return false;
    left -= wanted;
    return true;
  };
  return { trail: take(EXTRAS.trail), age: take(EXTRAS.age), venue: take(EXTRAS.venue) };
}

function coinHeader(width: number): string {
  const { trail, age, venue } = extrasWithin(width);
  const base = ` ${inColumns('COIN', CELL.coin)}${inColumns('PRICE', CELL.price, 'right')}  ${inColumns('24 H', CELL.change, 'right')}${inColumns('TRD/S', CELL.rate, 'right')}`;
  const last = `${trail ? inColumns('  TREND', EXTRAS.trail) : ''}${age ? inColumns('LAST', EXTRAS.age, 'right') : ''}`;
  return base + last + (venue ? '  VENUE' : '');
}

function coinCell(
  { coin, price, change24h, tradesPerSecond, ageMs, stale, venue, epoch }: CoinSnapshot,
  trail: PriceTrail | undefined,
  width: number,
): Row {
  const move = price === null || trail === undefined ? 0 : moveOf(trail);
  const extras = extrasWithin(width);
  const changeStyle: Style = change24h === null ? 'dim' : change24h.startsWith('-') ? 'down' : 'up';
  return [
    span(stale ? '!' : ' ', 'warn'),
    span(inColumns(coin, CELL.coin), stale ? 'warn' : 'bold'),
    span(
      inColumns(price === null ? '–' : amount(price, trail && placesOf(trail)), CELL.price, 'right'),
      stale ? 'dim' : move > 0 ? 'upBold' : move < 0 ? 'downBold' : 'plain',
    ),
    span(move > 0 ? ' ▲' : move < 0 ? ' ▼' : '  ', move > 0 ? 'up' : 'down'),
    span(inColumns(change24h === null ? '–' : percent(change24h), CELL.change, 'right'), changeStyle),
    span(inColumns(rate(tradesPerSecond), CELL.rate, 'right'), tradesPerSecond > 0 ? 'plain' : 'dim'),
    ...(extras.trail
      ? [span(inColumns(`  ${sparkline(trail?.prices ?? [], EXTRAS.trail - 2)}`, EXTRAS.trail), 'accent')]
      : []),
    ...(extras.age
      ? [span(inColumns(ageMs === null ? '–' : duration(ageMs), EXTRAS.age, 'right'), stale ? 'warn' : 'dim')]
      : []),
    ...(extras.venue
      ? [span(inColumns(venue === null ? '' : `  ${venue}${epoch > 0 ? ` #${epoch}` : ''}`, EXTRAS.venue), 'dim')]
      : []),
  ];
}

function sinkRow({ name, state, lagMs, queued, delivered, dropped, reason }: SinkSnapshot): Row {
  const lag = lagMs ?? 0;
  return [
    span(` ${inColumns(name, 8)}`, 'bold'),
    span(inColumns(`● ${state}`, 11), state === 'up' ? 'good' : state === 'opening' ? 'accent' : 'bad'),
    span('lag ', 'dim'),
    span(inColumns(duration(lag), 10), lag > 5000 ? 'bad' : lag > 1000 ? 'warn' : 'plain'),
    span('queued ', 'dim'),
    span(inColumns(count(queued), 9)),
    span('delivered ', 'dim'),
    span(inColumns(count(delivered), 12), 'bold'),
    ...(dropped > 0 ? [span(`dropped ${count(dropped)}  `, 'bad')] : []),
    span(state === 'up' ? '' : reason, 'warn'),
  ];
}

/** Shows the p99 latency of each stage, for the active venue, or for the slowest venue if none is active. */
function latencyRows({ venues, sinks }: StatusSnapshot, columns: number): readonly Row[] {
  const arrival = (venue: VenueSnapshot) => venue.latencyMs.venueToSocket?.p99 ?? Number.NEGATIVE_INFINITY;
  const venue = venues.find(({ active }) => active) ?? venues.toSorted((a, b) => arrival(b) - arrival(a))[0];
  const stages: [string, LatencySummary | null | undefined][] = [
    [`${venue?.venue} → socket`, venue?.latencyMs.venueToSocket],
    ['socket → feed', venue?.latencyMs.socketToEmitted],
    ...sinks.map(({ name, latencyMs }): [string, LatencySummary | null] => [
      `feed → ${name}`,
      latencyMs.emittedToAcknowledged,
    ]),
  ];
  const row: Span[] = [span(' p99  ', 'dim')];
  for (const [stage, summary] of stages) {
    if (summary === null || summary === undefined) continue;
    const part = [span(`${stage} `, 'dim'), span(`${latency(summary.p99)}  `)];
    if (spansWidth(row) + spansWidth(part) <= columns) row.push(...part);
  }
  return row.length === 1 ? [] : [row];
}

/** Display names of counters. */
const COUNTER_NAMES: Readonly<Record<string, string>> = { duplicates: 'second arrivals' };

function countRows({ counts }: StatusSnapshot, columns: number): readonly Row[] {
  const rows: Span[][] = [];
  for (const [name, value] of Object.entries(counts).filter(([key, many]) => many > 0 || key === 'trades')) {
    const part = [span(` ${COUNTER_NAMES[name] ?? name.replaceAll('_', ' ')} `, 'dim'), span(`${count(value)} `)];
    const row = rows.at(-1);
    if (row === undefined || spansWidth(row) + spansWidth(part) > columns) rows.push(part);
    else row.push(...part);
  }
  return rows;
}

function noteRow({ level, text }: Note): Row {
  return [
    span(' '),
    span(level === 'info' ? '· ' : '! ', level === 'error' ? 'bad' : level === 'warn' ? 'warn' : 'dim'),
    span(text, level === 'info' ? 'dim' : 'plain'),
  ];
}
