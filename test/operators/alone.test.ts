import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';

const source = new URL('../../src/', import.meta.url).href;
const root = `${source}operators/`;

/**
 * All modules that the entry imports, directly and through files of src, types included. Files of src are
 * URLs; other modules have the name in the import.
 */
function imports(entry: string): Set<string> {
  const found = new Set([entry]);
  for (const name of found) {
    if (!name.startsWith(source)) continue;
    const { importedFiles } = ts.preProcessFile(readFileSync(new URL(name), 'utf8'));
    for (const { fileName } of importedFiles) {
      found.add(fileName.startsWith('.') ? new URL(fileName, name).href : fileName);
    }
  }
  return found;
}

it('market-feed/operators imports rxjs and the checks of options, and nothing else, not even a type', () => {
  const all = [...imports(`${root}index.ts`)];
  expect(all.filter((name) => !name.startsWith(source))).toEqual(['rxjs']);
  const others = all.filter((name) => name.startsWith(source) && !name.startsWith(root));
  expect(others.map((name) => name.slice(source.length)).sort()).toEqual([
    'domain/options/check-options.ts',
    'domain/options/hide-credentials.ts',
    'domain/options/nearest-key.ts',
    'domain/options/shown.ts',
  ]);
  expect(all.filter((name) => name.startsWith(root)).length).toBeGreaterThan(10);
});
