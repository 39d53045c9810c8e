import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { Events } from '../../src/gateway/api/feed-answers.ts';
import { openContext, openDashboard, sharedBrowser, textOf, textsOf } from '../../testing/browser/browser.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';
import { Demo } from './demo.ts';

let context: BrowserContext;

beforeAll(async () => {
  context = await openContext(await sharedBrowser());
});

afterAll(() => context?.close());

it('the dashboard follows the demo through a failover, its end and a new start', async () => {
  const demo = await Demo.start();
  onTestFinished(() => demo.end());
  const { page, errors } = await openDashboard(context, demo.url);
  const changed = async () => {
    const [before] = await textsOf(page, '.coins .price');
    await until(async () => (await textsOf(page, '.coins .price'))[0] !== before);
  };
  expect(await page.locator('.coins tbody tr').count()).toBe(20);
  await changed();

  await until(async () => (await demo.status()).active_venue === 'bybit', { everyMs: 100 });
  const asked = Date.now();
  const drawn = await page.locator('.switch').count();
  await demo.fault({ venue: 'bybit', fault: 'refuse', status: 503, seconds: 60 });
  await until(async () => (await lastFailover(demo)) > asked, { everyMs: 100 });
  await until(async () => (await page.locator('.switch').count()) > drawn);
  const after = Date.now() - (await lastFailover(demo));
  console.log(`the failover was on the timeline ${after} ms after it happened`);
  expect(after).toBeLessThan(limitMs(2000));
  await until(async () => (await textOf(page, '.headline-venue strong')) === 'binance');
  expect((await textsOf(page, '.event strong')).join()).toContain('failed over');
  const refused = page.locator('.venue', { hasText: 'bybit' });
  await refused.filter({ hasText: /region blocked|disconnected|connecting/ }).waitFor();

  await demo.kill();
  await page.locator('.app.is-lost').waitFor({ timeout: 10_000 });
  expect(await filterOf(page, '.main')).toContain('grayscale');
  expect(await textOf(page, '.badge.is-unknown')).toContain('trading unknown');
  const age = async () => Number(/(\d+) s/.exec((await textOf(page, '.link')) ?? '')?.[1] ?? 0);
  const first = await until(age);
  await until(async () => (await age()) > first);
  await demo.run();
  await page.locator('.app:not(.is-lost)').waitFor({ timeout: 40_000 });
  expect(await page.locator('.link').count()).toBe(0);
  await changed();
  await page.close();
  // While the port is closed, the browser itself logs errors. There must be no others.
  expect(errors.filter((error) => !error.includes('net::ERR_'))).toEqual([]);
}, 120_000);

/** When the feed last failed over, milliseconds since 1970; 0: never. */
async function lastFailover(demo: Demo): Promise<number> {
  const answer = await fetch(new URL('/api/events?limit=100', demo.url));
  const { events } = (await answer.json()) as Events;
  return events.find(({ state }) => state === 'failed_over')?.timestamp ?? 0;
}

function filterOf(page: Page, selector: string): Promise<string> {
  return page.locator(selector).evaluate((element) => getComputedStyle(element).filter);
}
