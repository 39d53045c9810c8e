import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FEED_STATES } from '../../src/domain/venue-state.ts';

/** Folders that log nothing, in which `event` means something else. */
const SILENT_ROOMS = /^src\/(operators|simulator|domain|gateway\/dashboard)\//;

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('src', name))
  .filter((path) => !SILENT_ROOMS.test(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

function spillEvents(): string[] {
  const text = sources.find(({ path }) => path === 'src/sinks/spill/spill-options.ts')?.text ?? '';
  const union = /export type SpillEvent = ([^;]+);/.exec(text)?.[1] ?? '';
  return [...union.matchAll(/'(\w+)'/g)].map(([, name]) => `spill_${name}`);
}

function loggedEvents(): Set<string> {
  const names = sources.flatMap(({ text }) => [...text.matchAll(/\bevent: (['`])(.+?)\1/g)].map(([, , name]) => name));
  const events = names.flatMap((name) => {
    if (name === `spill_\${event}`) return spillEvents();
    return name === undefined ? [] : [name];
  });
  return new Set([...events, ...FEED_STATES]);
}

it('docs/log-events.md lists every event that is logged, and no other', () => {
  const documented = readFileSync('docs/log-events.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(documented.toSorted()).toEqual([...loggedEvents()].toSorted());
});

it('every call of the log names its event', () => {
  const nameless = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/\blog\.(?:info|warn|error|debug)\(\s*\{([^}]*)/g)]
      .filter(([, fields]) => !/\bevent\b/.test(fields ?? ''))
      .map(([call]) => `${path}: ${call}`),
  );
  expect(nameless).toEqual([]);
});

it('every state of feed-status is in the source code', () => {
  const untold = FEED_STATES.filter((state) => !sources.some(({ text }) => text.includes(`'${state}'`)));
  expect(untold).toEqual([]);
});
