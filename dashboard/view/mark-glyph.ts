import type { MarkKind } from '../model/timeline.ts';

/** The symbol of an event in the timeline and in the list. Its shape alone shows the kind; the colour only helps. */
export const MARK_GLYPHS: Readonly<
  Record<MarkKind, { readonly glyph: string; readonly word: string; readonly tone: string }>
> = {
  failover: { glyph: '⇄', word: 'switch', tone: 'accent' },
  gap: { glyph: '◇', word: 'gap', tone: 'warn' },
  repaired: { glyph: '◆', word: 'repaired', tone: 'good' },
  stale: { glyph: '◐', word: 'stale', tone: 'warn' },
  recovered: { glyph: '●', word: 'recovered', tone: 'good' },
  lost: { glyph: '✕', word: 'lost', tone: 'bad' },
  halt: { glyph: '■', word: 'halt', tone: 'bad' },
  sink: { glyph: '▽', word: 'sink away', tone: 'bad' },
  rejected: { glyph: '⊘', word: 'rejected', tone: 'warn' },
};
