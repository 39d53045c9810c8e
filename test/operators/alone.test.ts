import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = new URL('../../src/operators/', import.meta.url).href;

/**
 * All modules that the entry imports, directly and through files of the folder, types included. Files of the folder are
 * URLs; other modules have the name in the import.
 */
function imports(entry: string): Set<string> {
  const found = new Set([entry]);
  for (const name of found) {
    if (!name.startsWith(root)) continue;
    const { importedFiles } = ts.preProcessFile(readFileSync(new URL(name), 'utf8'));
    for (const { fileName } of importedFiles) {
      found.add(fileName.startsWith('.') ? new URL(fileName, name).href : fileName);
    }
  }
  return found;
}

it('market-feed/operators imports rxjs and nothing else, not even a type', () => {
  const all = [...imports(`${root}index.ts`)];
  expect(all.filter((name) => !name.startsWith(root))).toEqual(['rxjs']);
  expect(all.filter((name) => name.startsWith(root)).length).toBeGreaterThan(10);
});
