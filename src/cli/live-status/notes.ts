import type { Note } from '../terminal/status-notes.ts';
import { type Span, span } from '../terminal/terminal-text.ts';
import { type Row, wrap } from './screen.ts';

export function noteRow({ level, text }: Note): Row {
  return [...noteMark(level), span(text, level === 'info' ? 'dim' : 'plain')];
}

function noteMark(level: Note['level']): readonly Span[] {
  return [
    span(' '),
    span(level === 'info' ? '· ' : '! ', level === 'error' ? 'bad' : level === 'warn' ? 'warn' : 'dim'),
  ];
}

const NOTE_ROWS = 3;
const NOTE_INDENT = 12;

/** All notes with their whole text, the newest first. */
export function eventRows(notes: readonly Note[], columns: number): readonly Row[] {
  if (notes.length === 0) return [[span('  nothing has happened yet', 'dim')]];
  return notes.toReversed().flatMap((note) => wrap(noteRow(note), columns, NOTE_ROWS, NOTE_INDENT));
}
