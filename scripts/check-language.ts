/**
 * The language rules of docs/glossary.md, as part of lint: prints how often each folder breaks them, and fails if a count
 * exceeds its limit. A limit only ever goes down. `--all` or a folder's name lists the places.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, longComments, longProse, wordsToReplace } from './language.ts';

interface Limits {
  /** Words to replace, long sentences, long lines. */
  readonly limits: readonly [words: number, sentences: number, lines: number];
  readonly files: readonly string[];
}

const FOLDERS: Readonly<Record<string, Limits>> = {
  documents: { files: ['*.md', 'docs/**/*.md', 'test/recordings/*.md'], limits: [0, 0, 0] },
  src: { files: ['src/**/*.ts', 'bin/*.js'], limits: [0, 0, 0] },
  dashboard: { files: ['dashboard/**/*.{ts,tsx}'], limits: [0, 0, 0] },
  test: { files: ['test/**/*.ts', 'testing/**/*.ts'], limits: [0, 0, 0] },
  tools: { files: ['bench/**/*.ts', 'scripts/**/*.ts', 'examples/**/*.ts'], limits: [0, 0, 0] },
};
/** Files that define the words, or quote old texts. */
const EXCEPT = ['docs/glossary.md', 'CHANGELOG.md', 'scripts/language.ts', 'test/scripts/language.test.ts'];

const root = join(import.meta.dirname, '..');
const listed = process.argv.slice(2);

function findingsIn(file: string): Finding[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...wordsToReplace(text), ...(file.endsWith('.md') ? longProse(text) : longComments(text))];
}

console.log(`${'folder'.padEnd(12)}${'words'.padStart(14)}${'sentences'.padStart(14)}${'lines'.padStart(14)}`);
for (const [folder, { files, limits }] of Object.entries(FOLDERS)) {
  const found = globSync(files, { cwd: root, exclude: ['**/node_modules/**'] })
    .filter((file) => !EXCEPT.includes(file))
    .sort()
    .flatMap((file) => findingsIn(file).map((finding) => ({ file, ...finding })));
  const counts = (['word', 'sentence', 'line'] as const).map(
    (rule) => found.filter((each) => each.rule === rule).length,
  );
  const exceeds = counts.some((count, index) => count > (limits[index] ?? 0));
  if (exceeds) process.exitCode = 1;
  const columns = counts.map((count, index) => `${count} of ${limits[index]}`.padStart(14));
  console.log(`${folder.padEnd(12)}${columns.join('')}${exceeds ? '  exceeds its limit' : ''}`);
  if (listed.includes('--all') || listed.includes(folder))
    for (const { file, row, text } of found) console.log(`  ${file}:${row} ${text}`);
}
