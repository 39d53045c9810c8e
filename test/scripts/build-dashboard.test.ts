import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../testing/tools/tools.ts';

const MOST_BYTES = 150_000;
const out = join(root, 'dist/dashboard');
const build = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['scripts/build-dashboard.ts', ...args], { cwd: root });

describe('the bundle of the dashboard', () => {
  let files: string[];
  beforeAll(async () => {
    await build();
    files = await readdir(out);
  }, 60_000);

  it('is smaller than 150 kB with gzip', async () => {
    const sizes = await Promise.all(
      files
        .filter((name) => !name.startsWith('.'))
        .map(async (name) => gzipSync(await readFile(join(out, name))).length),
    );
    expect(sizes.length).toBeGreaterThanOrEqual(4);
    const sum = sizes.reduce((a, b) => a + b, 0);
    console.log(`the dashboard is ${(sum / 1000).toFixed(1)} kB in gzip`);
    expect(sum).toBeLessThan(MOST_BYTES);
  });

  it('has a page that loads only files of the bundle and the overview, and no inline scripts or styles', async () => {
    const page = await readFile(join(out, 'index.html'), 'utf8');
    const named = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, name]) => name);
    expect(named).toHaveLength(4);
    for (const name of named) expect([...files, '/api/status']).toContain(name);
    // The chart library is a file of its own: the page loads it after the prices.
    expect(files.some((name) => name.startsWith('chart-library-'))).toBe(true);
    expect(page).not.toMatch(/<script(?![^>]*src=)|<style|style=|https?:/);
  });

  it('is not built again if nothing changed', async () => {
    const before = await stat(join(out, 'index.html'));
    const { stderr } = await build();
    expect(stderr).toBe('');
    expect((await stat(join(out, 'index.html'))).mtimeMs).toBe(before.mtimeMs);
  });
});
