/**
 * Checks the way of a trade in ARCHITECTURE.md, as part of lint. Each named file must exist, and import the next one or
 * be imported by it, directly or through one file. Fails at the first step that does not hold.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** The files of the first block of ARCHITECTURE.md, in order. */
function wayOf(text: string): string[] {
  const block = text.split('```')[1] ?? '';
  return [...block.matchAll(/^\s*(?:\d\s+)?([a-z-]+(?:\/[a-z-]+)+)/gm)].map(([, file = '']) => file);
}

function importsOf(file: string): string[] {
  const path = join(SRC, `${file}.ts`);
  if (!existsSync(path)) return [];
  const from = [...readFileSync(path, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)\.ts'/g)];
  return from.map(([, to = '']) => relative(SRC, join(dirname(path), to)));
}

function reaches(from: string, to: string): boolean {
  const direct = importsOf(from);
  return direct.includes(to) || direct.some((between) => importsOf(between).includes(to));
}

const way = wayOf(readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8'));
const problems = way.flatMap((file, index) => {
  if (!existsSync(join(SRC, `${file}.ts`))) return [`src/${file}.ts does not exist`];
  const next = way[index + 1];
  if (next === undefined || reaches(file, next) || reaches(next, file)) return [];
  return [`src/${file}.ts and src/${next}.ts: neither imports the other, directly or through one file`];
});
if (way.length < 6) problems.push('ARCHITECTURE.md names fewer than six files in its first block');
for (const problem of problems) console.log(`the way of a trade: ${problem}`);
if (problems.length === 0) console.log(`the way of a trade: ${way.length} files, each next to the one before`);
process.exitCode = problems.length === 0 ? 0 : 1;
