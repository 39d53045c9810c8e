import type { MarkKind } from './mark-kind.ts';

/** The mark of an event in the timeline and in the list. Its shape alone shows the kind; the colour only helps. */
export const MARK_GLYPHS: Readonly<
  Record<MarkKind, { readonly glyph: string; readonly word: string; readonly tone: string }>
> = {
  failover: { glyph: '⇄', word: 'switch', tone: 'accent' },
  gap: { glyph: '◇', word: 'gap', tone: 'warn' },
  repaired: { glyph: '◆', word: 'gap filled', tone: 'good' },
  stale: { glyph: '◐', word: 'stale', tone: 'warn' },
  recovered: { glyph: '●', word: 'recovered', tone: 'good' },
  lost: { glyph: '✕', word: 'connection lost', tone: 'bad' },
  halt: { glyph: '■', word: 'halt', tone: 'bad' },
  sink: { glyph: '▼', word: 'sink down', tone: 'bad' },
  rejected: { glyph: '⊘', word: 'rejected', tone: 'warn' },
  started: { glyph: '▶', word: 'feed started', tone: 'accent' },
  feed_lost: { glyph: '□', word: 'feed stopped or lost', tone: 'bad' },
};
