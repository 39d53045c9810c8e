import { duration } from '../../domain/duration.ts';
import { headlineOf } from '../../domain/headline.ts';
import type { StatusSnapshot } from '../../domain/status-snapshot.ts';
import { inColumns, type Span, span, spansWidth, textWidth } from '../terminal/terminal-text.ts';
import { type Room, type Row, wrap } from './screen.ts';

/** A terminal with fewer columns shows no name of the program. */
const NAMED_FROM = 60;

/** The headline, as in the API and on the page, with the time, and the warning about test data. */
export function titleRows(snapshot: StatusSnapshot, { columns, rows }: Room): readonly Row[] {
  const { trading, serving, lagText, missing } = headlineOf(snapshot);
  const headline: readonly Span[] = [
    ...(columns < NAMED_FROM ? [] : [span(' market-feed ', 'title')]),
    span(` ${trading.text}`, trading.state === 'allowed' ? 'good' : 'bad'),
    span(` · venue ${serving.text}`, serving.names.length === 0 ? 'warn' : 'bold'),
    ...(lagText === '' ? [] : [span(` · event lag ${lagText}`)]),
    ...missing.map(({ text }) => span(` · ${text}`, 'warn')),
  ];
  const wrapped = inRows(headline, columns)
    .flatMap((row) => wrap(row, columns, 2))
    .slice(0, rows < 20 ? 2 : 4);
  const { at, startedAt } = snapshot;
  const clock = `up ${duration(at - startedAt)}  ${new Date(at).toISOString().slice(11, 19)} UTC `;
  const last = wrapped.at(-1) ?? [];
  const gap = columns - spansWidth(last) - clock.length;
  const timed = gap < 2 ? last : [...last, span(' '.repeat(gap)), span(clock, 'dim')];
  return [...wrapped.slice(0, -1), timed, ...bannerRows(snapshot, columns)];
}

/** A banner that says that these prices are not market prices; none in production. */
function bannerRows({ environment, venues }: StatusSnapshot, columns: number): readonly Row[] {
  const active = venues.find((venue) => venue.active);
  const shown = active !== undefined && active.environment !== 'production' ? active.environment : environment;
  if (shown === 'production') return [];
  return [[span(inColumns(` *** ${shown.toUpperCase()}: these are not market prices ***`, columns), 'alarm')]];
}

/** Breaks the headline between its parts. */
function inRows(parts: readonly Span[], columns: number): readonly Row[] {
  const rows: Span[][] = [[]];
  for (const part of parts) {
    const row = rows.at(-1) ?? [];
    const isFull = row.length > 0 && spansWidth(row) + textWidth(part.text) > columns;
    if (isFull) rows.push([span(part.text.replace(/^ · /, ' '), part.style)]);
    else row.push(part);
  }
  return rows;
}
