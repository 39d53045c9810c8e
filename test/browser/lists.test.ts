import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { nameOfGap } from '../../src/domain/trade-id.ts';
import { openContext, openDashboard, sharedBrowser } from '../../testing/browser/browser.ts';
import { gapRecord } from '../../testing/judges/events.ts';
import { heartbeat, NOW, price, status, trade } from '../../testing/records/gateway-records.ts';
import { root } from '../../testing/tools/tools.ts';
import { gatewayUnderTest } from '../gateway/gateway-under-test.ts';
import { SNAPSHOT } from '../gateway/status-snapshot.ts';

/* The lists of events, gaps and coins, and the parts of the head that lead to them. */

let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  browser = await sharedBrowser();
  context = await openContext(browser);
});
afterAll(() => context?.close());

type Options = Parameters<typeof gatewayUnderTest>[1];

async function feed(options: Options = {}) {
  const gateway = await gatewayUnderTest({}, { dashboardDir: join(root, 'dist/dashboard'), ...options });
  gateway.publish(heartbeat(), price('100'));
  const beat = setInterval(() => gateway.publish(heartbeat()), 500);
  onTestFinished(() => clearInterval(beat));
  return gateway;
}

async function open(url: string, at: BrowserContext = context): Promise<Page> {
  const { page } = await openDashboard(at, url);
  onTestFinished(() => page.close());
  return page;
}

/** A gap between the first two trades. */
const gapOf = (venue: string, missing: number) =>
  gapRecord({ venue, environment: 'simulated', toId: '2', fromTime: NOW - 199, toTime: NOW - 198, missing });

const eventually = <T>(read: () => Promise<T> | T) => expect.poll(read, { timeout: 15_000 });
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? '');
const listButton = (page: Page, name: string) => page.locator(`.panel-events .choice button:text-is("${name}")`);

it('does not say that nothing happened before the gateway has answered', async () => {
  const { url } = await feed();
  const own = await browser.newContext();
  onTestFinished(() => own.close());
  await own.route(/\/api\/(?:gaps|events)/, (route) => route.abort());
  const page = await open(url, own);
  await listButton(page, 'Gaps').click();
  expect(await page.locator('.panel-events .empty').textContent()).toBe('Not known yet.');
  await own.unroute(/\/api\/(?:gaps|events)/);
  await page.reload();
  await listButton(page, 'Gaps').click();
  await eventually(() => page.locator('.panel-events .empty').textContent()).toBe('No trade is missing.');
});

it('shows in one row how far a gap is healed, and then that it is', async () => {
  const { url, publish, look } = await feed();
  const gap = gapOf('bybit', 7);
  const heals = (fetched: number): void => {
    const healing = [{ gap: nameOfGap(gap), state: 'healing', fetched, reason: '' } as const];
    look({ ...SNAPSHOT, at: NOW, counts: { gaps: 1 }, healing });
  };
  publish(gap);
  heals(2);
  const page = await open(url);
  await listButton(page, 'Gaps').click();
  const rows = () => page.locator('.panel-events .event summary p').allTextContents();
  const row = (state: string, text: string) => [`${state} bybit BTC: 1 ms without trades, ${text}`];
  await eventually(rows).toEqual(row('healing', '7 missing, 2 of them fetched so far'));
  heals(5);
  await eventually(rows).toEqual(row('healing', '7 missing, 5 of them fetched so far'));
  look({ ...SNAPSHOT, at: NOW });
  publish({ ...gap, filled: 7, outcome: 'healed' }, status('gap_healed', { venue: 'bybit', symbol: 'BTCUSDT' }));
  await eventually(rows).toEqual(row('healed', 'all 7 fetched later'));
});

it('an event that was chosen earlier does not take the focus from the buttons of the list', async () => {
  const { url, publish } = await feed();
  publish(status('sink_unavailable', { cause: 'file', timestamp: NOW - 60_000 }));
  const page = await open(url);
  await page.locator('.timeline .mark', { hasText: 'sink down' }).click();
  await eventually(() => focused(page)).toContain('sink down');
  await listButton(page, 'Gaps').click();
  await listButton(page, 'Events').click();
  await page.locator('.event', { hasText: 'sink down' }).waitFor();
  expect(await focused(page)).toBe('Events');
});

it('a part of the head keeps the focus when its count changes; dead letters name their command', async () => {
  const { url, look } = await feed();
  const parts = (page: Page) => page.locator('.headline-part').allTextContents();
  const count = (gaps: number) =>
    look({ ...SNAPSHOT, at: NOW, sinks: [], halted: [], counts: { gaps, dead_letters: 4 } });
  count(20);
  const page = await open(url);
  await eventually(() => parts(page)).toEqual(['20 gaps', '4 dead letters']);
  await page.locator('button.headline-part', { hasText: 'gaps' }).focus();
  count(21);
  await eventually(() => parts(page)).toEqual(['21 gaps', '4 dead letters']);
  expect(await focused(page)).toBe('21 gaps');
  expect(await page.locator('button.headline-part').count()).toBe(1);
  expect(await page.locator('span.headline-part').getAttribute('title')).toContain('market-feed tail dead-letters');
});

it('in mode all, time and sales shows only the gaps of the venue that it shows', async () => {
  const { url, publish } = await feed({ mode: 'all' });
  publish(price('100', { venue: 'binance' }), gapOf('bybit', 4), gapOf('binance', 7));
  const page = await open(url);
  publish(trade(1), trade(2), trade(3));
  await eventually(() => page.locator('.tape-mark.is-gap').allTextContents()).toEqual(['gap: 4 trades missing']);
});

it('a frozen list of trades gets no new marks, either', async () => {
  const { url, publish } = await feed();
  const page = await open(url);
  publish(trade(1), trade(2), trade(3));
  await eventually(() => page.locator('.tape tbody tr').count()).toBe(3);
  await page.getByRole('button', { name: 'Freeze' }).click();
  publish(gapOf('bybit', 4), status('gap_unrepaired'));
  await listButton(page, 'Gaps').click();
  await page.locator('.event', { hasText: '4 missing' }).waitFor();
  expect(await page.locator('.tape tbody tr').count()).toBe(3);
  await page.locator('.freeze').click();
  await eventually(() => page.locator('.tape tbody tr').count()).toBe(4);
});

it('Ctrl and a click on a coin open it elsewhere and select nothing here', async () => {
  const { url, publish } = await feed();
  publish(price('3', { symbol: 'ETHUSDT', venueSymbol: 'ETHUSDT', coin: 'ETH' }));
  const page = await open(url);
  await eventually(() => page.locator('.coins tbody a').allTextContents()).toEqual(['BTC', 'ETH']);
  const [other] = await Promise.all([
    context.waitForEvent('page'),
    page.locator('.coins a', { hasText: 'ETH' }).click({ modifiers: ['Control'] }),
  ]);
  await other.close();
  expect(await page.locator('#coin-title').textContent()).toContain('BTC');
  await page.locator('.coins a', { hasText: 'ETH' }).focus();
  expect(await page.locator('.coins tbody a:not([tabindex="-1"])').textContent()).toBe('ETH');
});

it('works without the storage that a browser may block', async () => {
  const { url } = await feed();
  const own = await browser.newContext();
  onTestFinished(() => own.close());
  await own.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage'])
      Object.defineProperty(globalThis, name, {
        get: () => {
          throw new Error('blocked');
        },
      });
  });
  const page = await open(url, own);
  await page.locator('.theme').last().click();
  expect(await page.locator('.coins tbody a').textContent()).toBe('BTC');
});
