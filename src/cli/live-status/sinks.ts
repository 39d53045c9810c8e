import { duration } from '../../domain/duration.ts';
import type { LatencySummary, SinkSnapshot, StatusSnapshot, VenueSnapshot } from '../../domain/status-snapshot.ts';
import { count, latency } from '../terminal/number-text.ts';
import { inColumns, type Span, span, spansWidth } from '../terminal/terminal-text.ts';
import type { Row } from './screen.ts';

/** True if a sink loses records or may lose them. */
export const isInTrouble = ({ state, dropped }: SinkSnapshot): boolean => state === 'down' || dropped > 0;

export function sinkRow({ name, state, lagMs, queued, delivered, dropped, reason }: SinkSnapshot): Row {
  const lag = lagMs ?? 0;
  return [
    span(` ${inColumns(name, 8)}`, 'bold'),
    span(
      inColumns(`${state === 'down' ? '✕' : '●'} ${state}  `, 9),
      state === 'up' ? 'good' : state === 'opening' ? 'accent' : 'bad',
    ),
    ...(dropped > 0 ? [span(`dropped ${count(dropped)}  `, 'bad')] : []),
    ...(state === 'up' ? [] : [span(`${reason}  `, 'warn')]),
    span('lag ', 'dim'),
    span(`${duration(lag)}  `, lag > 5000 ? 'bad' : lag > 1000 ? 'warn' : 'plain'),
    span('queued ', 'dim'),
    span(`${count(queued)}  `),
    span('delivered ', 'dim'),
    span(count(delivered), 'bold'),
  ];
}

/** Shows the p99 latency of each stage, for the active venue, or for the slowest venue if none is active. */
export function latencyRows({ venues, sinks }: StatusSnapshot, columns: number): readonly Row[] {
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
const COUNTER_NAMES: Readonly<Record<string, string>> = {
  duplicates: 'second copies',
  uncounted_late: 'trades after their window',
  uncounted_blocks: 'block trades',
  warnings: 'messages with warnings',
  ignored: 'messages ignored',
  malformed: 'messages malformed',
};

export function countRows({ counts }: StatusSnapshot, columns: number): readonly Row[] {
  const rows: Span[][] = [];
  for (const [name, value] of Object.entries(counts).filter(([key, many]) => many > 0 || key === 'trades')) {
    const part = [span(` ${COUNTER_NAMES[name] ?? name.replaceAll('_', ' ')} `, 'dim'), span(`${count(value)} `)];
    const row = rows.at(-1);
    if (row === undefined || spansWidth(row) + spansWidth(part) > columns) rows.push(part);
    else row.push(...part);
  }
  return rows;
}
