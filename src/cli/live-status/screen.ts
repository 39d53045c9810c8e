import { padSpans, type Span, span, textWidth } from '../terminal/terminal-text.ts';

/** The room that a part of the live status has. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
}

export interface Screen extends Room {
  readonly color: boolean;
}

export type Row = readonly Span[];

/**
 * Breaks spans into at most `most` rows, at blanks. The last row keeps the rest, so that it is cut where it is painted.
 * Rows after the first one begin with `indent` blanks.
 */
export function wrap(spans: Row, columns: number, most: number, indent = 1): Row[] {
  const rows: Span[][] = [[]];
  let used = 0;
  for (const { text, style } of spans) {
    for (const word of text.match(/\s*\S+|\s+$/g) ?? []) {
      const width = textWidth(word);
      const isFull = used > 0 && used + width > columns && rows.length < most;
      if (isFull) rows.push([span(' '.repeat(indent))]);
      const shown = isFull ? word.trimStart() : word;
      used = isFull ? indent + textWidth(shown) : used + width;
      const row = rows.at(-1) ?? [];
      const last = row.at(-1);
      if (last?.style === style) row[row.length - 1] = span(last.text + shown, style);
      else row.push(span(shown, style));
    }
  }
  return rows;
}

/** Two blocks of rows, the right one beside the left one, which is `leftWidth` columns wide. */
export function beside(left: readonly Row[], right: readonly Row[], leftWidth: number): readonly Row[] {
  if (right.length === 0) return left;
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) => [
    ...padSpans(left[row] ?? [], leftWidth),
    ...(right[row] ?? []),
  ]);
}

/** The part of a list that is on the page with the item at `index`. Pages have `size` items. */
export function pageOf<T>(items: readonly T[], index: number, size: number): { from: number; items: readonly T[] } {
  const from = Math.floor(Math.max(0, index) / Math.max(1, size)) * Math.max(1, size);
  return { from, items: items.slice(from, from + size) };
}
