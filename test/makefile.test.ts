import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { root } from '../testing/tools/tools.ts';

it('make help prints each target with a description', async () => {
  const { stdout } = await promisify(execFile)('make', ['-s', 'help'], { cwd: root });
  const lines = stdout.trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^ {2}make [a-z]+ +\S.*$/);
  const targets = lines.map((line) => line.trim().split(/\s+/)[1]);
  expect(targets).toEqual(expect.arrayContaining(['help', 'demo', 'test', 'run', 'bench']));
});
