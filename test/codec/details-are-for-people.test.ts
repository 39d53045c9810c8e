import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/**
 * Folders whose code decides by status records. This code must not read `details`, which is text for people: each
 * fact that it needs has a typed field.
 */
const READERS = [
  'src/cli',
  'src/client',
  'src/codec',
  'src/gateway/metrics',
  'src/gateway/view',
  'src/feed/liveness/tradability.ts',
  'src/feed/liveness/venue-health.ts',
  'src/domain/venue-state.ts',
  'src/tradability',
  'src/serving',
  'dashboard',
  'bench/faults',
  'examples',
  'testing/judges',
  'testing/python',
];

/** The page shows the details of an event to people, whatever they are. */
const SHOWS_DETAILS = 'dashboard/events/event-facts.ts';

/** The word, but not an HTML element, and not an empty object. */
const READS_DETAILS = /(?<!<\/?)\bdetails\b(?!: \{\})/;

const filesOf = (path: string): string[] =>
  statSync(path).isFile()
    ? [path]
    : readdirSync(path, { recursive: true, encoding: 'utf8' })
        .map((name) => join(path, name))
        .filter((name) => /\.(ts|tsx|py|java)$/.test(name));

it.each(READERS)('%s reads no details of a status record', (room) => {
  const files = filesOf(room).filter((file) => file !== SHOWS_DETAILS);
  expect(files).not.toEqual([]);
  expect(files.filter((file) => READS_DETAILS.test(readFileSync(file, 'utf8')))).toEqual([]);
});
