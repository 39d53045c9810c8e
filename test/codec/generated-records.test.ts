import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('src/domain/record.ts and schemas/fingerprints.json match the schemas', () => {
  const script = join(import.meta.dirname, '../../scripts/generate-records.ts');
  expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow();
});
