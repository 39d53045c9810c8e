import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Loads the client in a process of its own. Returns whether the schema compiler of its library was loaded. */
async function loadsCompiler(before: string): Promise<boolean> {
  const script = `
    import { createRequire } from 'node:module';
    ${before}
    await import('./src/kafka/platformatic/platformatic.ts');
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(loaded.some((file) => file.includes('/ajv/')));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  return stdout.trim() === 'true';
}

it('loads the platformatic client without the schema compiler of its library, once skipSchemas was called', async () => {
  expect(await loadsCompiler('')).toBe(true);
  const skips = "(await import('./src/kafka/platformatic/skip-schemas.ts')).skipSchemas();";
  expect(await loadsCompiler(skips)).toBe(false);
});
