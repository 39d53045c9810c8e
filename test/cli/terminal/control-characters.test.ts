import { expect, it } from 'vitest';
import { jsonLine, textLine } from '../../../src/cli/terminal/event-text.ts';
import { bookUpdate, ticker } from '../../../testing/judges/events.ts';
import { sampleDeadLetter, sampleRecords } from '../../../testing/records/sample-records.ts';

/** Sets a title, clears the screen and begins a line of its own, also with DEL and C1. */
const HOSTILE = '\u001b]0;title\u0007\u001b[2J\r\ntrading_resumed\u007f\u009b2J\u0085\u0000';

/** The prices that the spread is computed from. The codec and the decoders accept only decimals there. */
const COMPUTED = ['bidPrice', 'askPrice', 'timestamp'];

const EVENTS = [...sampleRecords, ticker(), bookUpdate(1)];

/** The paths to all texts of a value. A null and an empty list may stand for a text, too. */
function textPaths(value: unknown): readonly (readonly string[])[] {
  if (value === null || typeof value === 'string') return [[]];
  if (typeof value !== 'object' || value instanceof Uint8Array) return [];
  const fields = Object.entries(Array.isArray(value) && value.length === 0 ? [''] : value);
  return fields
    .filter(([name]) => name !== 'kind' && !COMPUTED.includes(name))
    .flatMap(([name, inner]) => textPaths(inner).map((path) => [name, ...path]));
}

/** A copy of the event with HOSTILE at the path. */
function hostileAt<T extends object>(event: T, path: readonly string[]): T {
  const copy = structuredClone(event);
  let inner: object = copy;
  for (const name of path.slice(0, -1)) inner = Object(Reflect.get(inner, name));
  Reflect.set(inner, path.at(-1) ?? '', HOSTILE);
  return copy;
}

it.each(EVENTS.map((event) => [event.kind, event] as const))(
  'no text of an event of kind %s brings a control character to the terminal',
  (_kind, event) => {
    const paths = textPaths(event);
    expect(paths.length).toBeGreaterThan(2);
    for (const path of paths) {
      const hostile = hostileAt(event, path);
      for (const line of [textLine(hostile), textLine(hostile, true), jsonLine(hostile)])
        expect(line, path.join('.')).toMatch(/^\P{Cc}+\n$/u);
    }
  },
);

it('jsonLine keeps the text itself', () =>
  expect(JSON.parse(jsonLine(sampleDeadLetter({ reason: HOSTILE })))).toMatchObject({ reason: HOSTILE }));

it('textLine shows control characters as their numbers', () =>
  expect(textLine(sampleDeadLetter({ reason: HOSTILE }))).toContain(
    'decode: \\x1b]0;title\\x07\\x1b[2J\\x0d\\x0atrading_resumed\\x7f\\x9b2J\\x85\\x00\n',
  ));
