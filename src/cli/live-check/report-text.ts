import type { VenueId } from '../../domain/instrument.ts';
import type { Environment } from '../../domain/record.ts';
import { inColumns, type Span, type Style, span, toRow, visible } from '../terminal/terminal-text.ts';
import type { CheckItem, CheckResult } from './check-item.ts';

export interface CheckedTable {
  readonly venue: VenueId;
  readonly environment: Environment;
  readonly items: readonly CheckItem[];
}

const WORDS: Readonly<Record<CheckResult, { readonly word: string; readonly style: Style }>> = {
  pass: { word: 'PASS', style: 'good' },
  fail: { word: 'FAIL', style: 'downBold' },
  info: { word: 'info', style: 'dim' },
};
/** Is printed above the tables. */
const LEGEND = 'Two values are of line 1 / line 2.';
const NAME_COLUMNS = 22;
const MARGIN = 2 + 4 + 2 + NAME_COLUMNS + 1;
/** Minimum width of the table's last column, in characters. */
const LEAST_COLUMNS = 30;

export const hasFailed = ({ items }: CheckedTable): boolean => items.some(({ result }) => result === 'fail');

/** The tables for a terminal, each row at most `columns` wide; what does not fit continues below. */
export function tableText(tables: readonly CheckedTable[], columns: number, color: boolean): string {
  const width = Math.max(MARGIN + LEAST_COLUMNS, columns);
  const rows = tables.flatMap((table) => [
    toRow([span(titleOf(table), 'bold')], width, color),
    ...table.items.flatMap((item) => itemRows(item, width).map((spans) => toRow(spans, width, color))),
    '',
  ]);
  return `${[toRow([span(LEGEND, 'dim')], width, color), ...rows].join('\n')}\n`;
}

/** The result in one sentence. */
export function resultText(tables: readonly CheckedTable[]): string {
  const all = tables.flatMap(({ items }) => items).filter(({ result }) => result !== 'info');
  const failures = all.filter(({ result }) => result === 'fail').length;
  return failures === 0 ? `PASS: all ${all.length} checks passed` : `FAIL: ${failures} of ${all.length} checks failed`;
}

/** A table in Markdown, for a GitHub issue. */
export function markdownTable(table: CheckedTable): string {
  const cell = (text: string): string => visible(text).replaceAll('|', '\\|');
  const rows = table.items.map(
    ({ name, result, detail }) => `| ${WORDS[result].word} | ${cell(name)} | ${cell(detail).replaceAll('<', '&lt;')} |`,
  );
  return [`## ${titleOf(table)}`, '', '| result | check | detail |', '|---|---|---|', ...rows, ''].join('\n');
}

function titleOf({ venue, environment, items }: CheckedTable): string {
  const failures = items.filter(({ result }) => result === 'fail').length;
  return `${venue} (${environment}): ${failures === 0 ? 'all passed' : `${failures} failed`}`;
}

function itemRows({ name, result, detail }: CheckItem, width: number): readonly (readonly Span[])[] {
  const { word, style } = WORDS[result];
  const [first = '', ...more] = wrapped(visible(detail), width - MARGIN);
  const of: Style = result === 'fail' ? 'plain' : 'dim';
  return [
    [span(`  ${word}  `, style), span(`${inColumns(name, NAME_COLUMNS)} `), span(first, of)],
    ...more.map((text) => [span(' '.repeat(MARGIN)), span(text, of)]),
  ];
}

/** Splits a text at blanks into rows of at most `width` characters; longer words are cut. */
function wrapped(text: string, width: number): readonly string[] {
  const rows: string[] = [];
  let row = '';
  for (const word of text.split(/\s+/).flatMap((one) => one.match(new RegExp(`.{1,${width}}`, 'g')) ?? [])) {
    if (row === '') row = word;
    else if (row.length + 1 + word.length <= width) row += ` ${word}`;
    else {
      rows.push(row);
      row = word;
    }
  }
  return [...rows, row];
}
