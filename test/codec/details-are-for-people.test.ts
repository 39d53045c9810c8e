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

const filesOf = (path: string): string[] =>
  statSync(path).isFile()
    ? [path]
    : readdirSync(path, { recursive: true, encoding: 'utf8' })
        .map((name) => join(path, name))
        .filter((name) => /\.(ts|tsx|py|java)$/.test(name));

it.each(READERS)('%s reads no details of a status record', (room) => {
  const files = filesOf(room);
  expect(files).not.toEqual([]);
  expect(files.filter((file) => /\bdetails\b/.test(readFileSync(file, 'utf8')))).toEqual([]);
});
