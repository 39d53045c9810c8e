/** A part of a row in one style. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

export type Style = keyof typeof STYLES;

/** Parameters of the escape sequence for styles (SGR). The colours are the 16 of the terminal's own theme. */
const STYLES = {
  plain: '',
  dim: '2',
  bold: '1',
  up: '32',
  down: '31',
  upBold: '1;32',
  downBold: '1;31',
  good: '32',
  warn: '33',
  bad: '31',
  accent: '36',
  title: '1;36',
  header: '2;4',
  selected: '1;7',
  alarm: '1;30;43',
} as const;

/** False if the output is no terminal, or if NO_COLOR is set and not empty (https://no-color.org). */
export function hasColor(
  output: { readonly isTerminal: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return output.isTerminal && (environment.NO_COLOR ?? '') === '';
}

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style };
}

/**
 * The text with its control characters (C0, DEL and C1, so newlines too) as `\x1b`. Texts of venues, brokers and
 * records must not control the terminal.
 */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\x${hex(character, 2)}`);
}

/** JSON text whose strings have no control characters: `JSON.stringify` escapes C0, but neither DEL nor C1. */
export function visibleJson(json: string): string {
  return json.replace(/[\u007f-\u009f]/g, (character) => `\\u${hex(character, 4)}`);
}

function hex(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0');
}

/** The columns of a text: control characters take none, East Asian wide characters and emoji two. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /[\p{Cc}\p{Mn}\p{Cf}]/u;

function characterWidth(character: string): number {
  if (character >= ' ' && character <= '~') return 1;
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The text in exactly `width` columns: padded with blanks, or cut with an ellipsis. */
export function inColumns(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutTo(text, width);
  const blanks = ' '.repeat(Math.max(0, width - textWidth(cut)));
  return align === 'left' ? cut + blanks : blanks + cut;
}

function cutTo(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return '';
  let cut = '';
  let used = 0;
  for (const character of text) {
    const next = characterWidth(character);
    if (used + next > width - 1) break;
    cut += character;
    used += next;
  }
  return `${cut}…`;
}

/** The spans as one row of the terminal, of at most `width` columns. Control characters are made visible. */
export function toRow(spans: readonly Span[], width: number, color: boolean): string {
  let row = '';
  let left = width;
  for (const { text, style } of spans) {
    const cut = cutTo(visible(text), left);
    left -= textWidth(cut);
    const sgr = color ? STYLES[style] : '';
    row += sgr === '' || cut === '' ? cut : `\u001b[${sgr}m${cut}\u001b[0m`;
  }
  return row.trimEnd();
}

export function spansWidth(spans: readonly Span[]): number {
  return spans.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/** Pads spans with blanks to `width` columns; longer ones stay as they are. */
export function padSpans(spans: readonly Span[], width: number): readonly Span[] {
  const missing = width - spansWidth(spans);
  return missing > 0 ? [...spans, span(' '.repeat(missing))] : spans;
}
