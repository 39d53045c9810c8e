import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readFuzzCases } from '../../testing/properties/fuzz-cases.ts';
import { root } from '../../testing/tools/tools.ts';

it('each fuzz case names an existing test', () => {
  for (const { file, test } of readFuzzCases()) {
    const title = test.split(' > ').at(-1) ?? '';
    // A test name with values starts like its template.
    expect(readFileSync(join(root, file), 'utf8'), file).toContain(title.slice(0, 20));
  }
});
