import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { launchBrowser } from './browser.ts';
import { Demo } from './demo.ts';

let demo: Demo;
beforeAll(async () => {
  demo = await Demo.start();
}, 90_000);
afterAll(() => demo?.end());

it.each(['/docs', '/docs/'])('the page of the API at %s shows all paths and loads only from its host', async (path) => {
  const { url } = demo;
  const { paths } = (await (await fetch(new URL('/docs/json', url))).json()) as { paths: object };
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const errors: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).host);
  });
  await page.goto(new URL(path, url).href);
  await page.getByText('/api/assets/crypto/{symbol}/klines').waitFor();
  expect(await page.locator('.opblock').count()).toBe(Object.keys(paths).length);
  expect(errors).toEqual([]);
  expect([...hosts]).toEqual([new URL(url).host]);
});
