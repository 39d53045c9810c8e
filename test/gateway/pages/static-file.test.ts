import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gatewayUnderTest } from '../gateway-under-test.ts';

const SCRIPT = '// here '.repeat(500);

/** A gateway with a dashboard whose files were deleted after the start. */
async function gatewayWithoutFiles() {
  const dir = await mkdtemp(join(tmpdir(), 'market-feed-dashboard-'));
  await writeFile(join(dir, 'index.html'), '<p>here</p>');
  await writeFile(join(dir, 'main.js'), SCRIPT);
  await writeFile(join(dir, '.stamp'), 'hidden');
  const gateway = await gatewayUnderTest({}, { dashboardDir: dir });
  await rm(dir, { recursive: true });
  return gateway;
}

describe('static files', () => {
  it('are served from memory, compressed for clients that accept gzip', async () => {
    const { get } = await gatewayWithoutFiles();
    expect(await (await get('/')).text()).toBe('<p>here</p>');
    for (const [accepted, encoding] of [
      ['br, gzip;q=0.5', 'gzip'],
      ['*', 'gzip'],
      ['identity', null],
      ['gzip;q=0', null],
      ['br', null],
    ] as const) {
      const answer = await get('/main.js', { headers: { 'accept-encoding': accepted } });
      expect([accepted, answer.headers.get('content-encoding')]).toEqual([accepted, encoding]);
      expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      expect(answer.headers.get('vary')).toContain('accept-encoding');
      expect(await answer.text()).toBe(SCRIPT);
    }
    expect((await get('/.stamp')).status).toBe(404);
    expect((await get('/other.js')).status).toBe(404);
  });

  it('are not sent again to a client that has them', async () => {
    const { get } = await gatewayWithoutFiles();
    const etag = (await get('/main.js')).headers.get('etag') ?? '';
    expect((await get('/main.js', { headers: { 'if-none-match': etag } })).status).toBe(304);
    const head = await get('/main.js', { method: 'HEAD', headers: { 'accept-encoding': 'identity' } });
    expect(head.headers.get('content-length')).toBe(String(SCRIPT.length));
  });
});

describe('the page of the API', () => {
  it.each(['/docs', '/docs/', '/docs?a=/'])('loads only files that are served, relative to %s', async (path) => {
    const { get, url } = await gatewayUnderTest();
    const answer = await get(path);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'self';/);
    const named = [...(await answer.text()).matchAll(/(?:src|href)="([^"]*)"/g)].map(([, name = '']) => name);
    expect(named).toHaveLength(5);
    for (const name of named) {
      const file = new URL(name, new URL(path, url));
      expect([file.pathname, (await get(file.pathname)).status]).toEqual([
        `/docs/static/${name.split('/').at(-1)}`,
        200,
      ]);
    }
  });

  it('shows the document at /docs/json', async () => {
    const { get } = await gatewayUnderTest();
    const answer = await get('/docs/json');
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toMatchObject({ openapi: '3.1.0' });
  });
});
