import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Structure, type StructureRules, structureOf } from '../../scripts/structure.ts';

const RULES: StructureRules = { filesInFolder: 2, linesInFile: 6, linesInClass: 3, counterparts: [/^venues\/(a|b)\//] };

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'structure-'));
});
afterEach(() => rm(root, { recursive: true }));

async function measure(files: Readonly<Record<string, string>>): Promise<Structure> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return structureOf(root, RULES);
}

it('structureOf finds folders with too many files, without counting their subfolders', async () => {
  const { folders } = await measure({ 'x/a.ts': '', 'x/b.ts': '', 'x/c.ts': '', 'x/y/d.ts': '', 'x/c.json': '' });
  expect(folders).toEqual(['x: 3 files']);
});

it('structureOf finds long files, but not generated ones', async () => {
  const { files } = await measure({
    'six.ts': '\n'.repeat(6),
    'seven.ts': '\n'.repeat(7),
    'made.ts': `// Made from schemas\n${'\n'.repeat(9)}`,
  });
  expect(files).toEqual(['seven.ts: 7 lines']);
});

it('structureOf finds long classes, without counting the comment above', async () => {
  const { classes } = await measure({
    'a.ts': '/**\n * One.\n */\nclass Three {\n  a = 1;\n}\nexport const Four = class {\n  a = 1;\n  b = 2;\n};\n',
  });
  expect(classes).toEqual(['a.ts: class (without a name) has 4 lines']);
});

it('structureOf finds operators that no other folder imports', async () => {
  const { operators } = await measure({
    'operators/index.ts':
      "export { type Options, used, unused, mine, Machine } from './all.ts';\nexport type { other } from './all.ts';\n",
    'operators/mine.ts': "import { mine } from './all.ts';\n",
    'feed/feed.ts': "import { used as named } from '../operators/all.ts';\n",
    'index.ts': "export { unused } from './operators/index.ts';\n",
    'feed/unused.ts': "import { unused } from './elsewhere.ts';\n",
  });
  expect(operators).toEqual(['unused', 'mine']);
});

it('structureOf finds names that two files export, except counterparts and re-exports', async () => {
  const { names } = await measure({
    'a.ts': 'export interface Gap {}\nexport const size = 1;\nconst own = 1;\n',
    'b.ts': "export class Gap {}\nexport { size } from './a.ts';\nexport const own = 1;\n",
    'venues/a/read.ts': 'export function read() {}\n',
    'venues/b/read.ts': 'export function read() {}\n',
  });
  expect(names).toEqual(['Gap: a.ts, b.ts']);
});

it('structureOf finds casts in both notations, but not `as const` or `satisfies`', async () => {
  const { casts } = await measure({
    'a.ts':
      "const a = 1 as const;\nconst b = 1 satisfies number;\nimport { c as d } from './c.ts';\nconst e = d as string;\nconst f = <string>d;\n",
  });
  expect(casts).toEqual(['a.ts:4: d as string', 'a.ts:5: <string>d']);
});
