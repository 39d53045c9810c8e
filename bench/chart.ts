/** The chart of `make bench` in README.md and docs/performance.md: docs/performance.svg. */

/** A program, with the values of its bars. */
export interface ChartRow {
  readonly program: string;
  /** True for our own programs. */
  readonly isOurs: boolean;
  readonly values: readonly number[];
}

/** A column of bars. */
export interface ChartColumn {
  readonly title: string;
  readonly text: (value: number) => string;
}

const NAME_WIDTH = 220;
const COLUMN_WIDTH = 230;
/** Room right of the longest bar, for its value. */
const VALUE_WIDTH = 84;
const ROW_HEIGHT = 26;
const BAR_HEIGHT = 16;
const TOP = 38;
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .ours { font-weight: 600 }
  rect { fill: #afb8c1 }
  rect.ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    rect { fill: #6e7681 }
    rect.ours { fill: #4493f8 }
  }`;

/** Draws one bar for each program and column, as SVG. The longest bar of a column is its highest value. */
export function barChart(columns: readonly ChartColumn[], rows: readonly ChartRow[]): string {
  const width = NAME_WIDTH + columns.length * COLUMN_WIDTH;
  const height = TOP + rows.length * ROW_HEIGHT;
  const highest = columns.map((_, column) => Math.max(...rows.map(({ values }) => values[column] ?? 0)));
  const left = (column: number) => NAME_WIDTH + column * COLUMN_WIDTH;
  const titles = columns.map(({ title }, column) => `<text class="title" x="${left(column)}" y="18">${title}</text>`);
  const bars = rows.flatMap(({ program, isOurs, values }, row) => {
    const top = TOP + row * ROW_HEIGHT;
    const kind = isOurs ? ' class="ours"' : '';
    const at = (x: number, text: string) => `<text${kind} x="${x}" y="${top + 13}">${text}</text>`;
    return [
      at(0, program),
      ...columns.flatMap(({ text }, column) => {
        const value = values[column] ?? Number.NaN;
        if (Number.isNaN(value)) return [at(left(column), '–')];
        const length = Math.max(1, (value / (highest[column] ?? 1)) * (COLUMN_WIDTH - VALUE_WIDTH));
        const bar = `<rect${kind} x="${left(column)}" y="${top}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`;
        return [bar, at(Math.round(left(column) + length + 6), text(value))];
      }),
    ];
  });
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`;
  return [head, `<style>${STYLE}\n</style>`, ...titles, ...bars, '</svg>', ''].join('\n');
}
