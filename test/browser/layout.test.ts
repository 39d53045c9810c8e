import type { BrowserContext, Page, WebSocket } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ServerMessage } from '../../src/gateway/api/stream-messages.ts';
import {
  openContext,
  openDashboard,
  type PageOptions,
  sharedBrowser,
  type WatchedPage,
} from '../../testing/browser/browser.ts';
import { BusyGateway } from '../../testing/browser/busy-gateway.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { until } from '../../testing/tools/until.ts';
import { brokenBoxes } from './broken-boxes.ts';

const WIDE = '"DejaVu Sans", Verdana, sans-serif';
const NARROW = '"Liberation Sans", Arial, "DejaVu Sans Condensed", sans-serif';
const WIDTHS = isLong ? [360, 820, 1366, 1440, 1920, 2560] : [360, 820, 1440];

let context: BrowserContext;

beforeAll(async () => {
  context = await openContext(await sharedBrowser());
});

afterAll(() => context?.close());

/** Opens the dashboard, and waits for the selected coin's book and trades. */
async function open(gateway: BusyGateway, options: PageOptions = {}): Promise<WatchedPage> {
  const watched = await openDashboard(context, gateway.url, options);
  await watched.page.locator('.ladder .bids tr').first().waitFor();
  await watched.page.locator('.tape tbody tr').first().waitFor();
  return watched;
}

async function close({ page, errors }: WatchedPage): Promise<void> {
  await page.close();
  expect(errors.filter((error) => !error.includes('status of 404'))).toEqual([]);
}

/** Makes every other coin stale. */
function withStaleCoins(message: ServerMessage): ServerMessage {
  if (message.type !== 'overview') return message;
  const coins = message.data.coins.map((coin, at) => ({ ...coin, stale: coin.stale || at % 2 === 0 }));
  return { ...message, data: { ...message.data, coins } };
}

/** Resolves when the page has painted twice, so that observers of sizes have run. */
const painted = (page: Page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

const boxOf = (page: Page, selector: string) =>
  page.locator(selector).evaluate((element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    return { top, bottom, height };
  });

/* All tests but the last share one page, in this order, because opening a page costs more than a test. */
describe('the layout with 200 coins', () => {
  let gateway: BusyGateway;
  let watched: WatchedPage | undefined;
  let page: Page;
  /** The bytes of each overview that the page got. */
  const sizes: number[] = [];

  beforeAll(async () => {
    gateway = await BusyGateway.start({ coins: 200, tradesPerSecond: 200 });
    context.once('page', (opened) => opened.on('websocket', noteSizes));
    watched = await open(gateway);
    page = watched.page;
  });

  afterAll(async () => {
    try {
      // The page ends first: without the gateway, its requests would fail.
      if (watched !== undefined) await close(watched);
    } finally {
      await gateway?.close();
    }
  });

  function noteSizes(socket: WebSocket): void {
    socket.on('framereceived', ({ payload }) => {
      const { type } = JSON.parse(String(payload)) as ServerMessage;
      if (type === 'overview' || type === 'overview_changes') sizes.push(String(payload).length);
    });
  }

  it('shows the chart, the book and the tape whole in the first screen of 1440×900', async () => {
    expect((await boxOf(page, '.strip')).height).toBeLessThanOrEqual(90);
    for (const panel of ['coins', 'candles', 'ladder', 'tape'])
      expect([panel, (await boxOf(page, `.panel-${panel}`)).bottom <= 900]).toEqual([panel, true]);
    expect((await boxOf(page, '.panel-candles')).height).toBeGreaterThan(400);
    expect((await boxOf(page, '.panel-tape')).height).toBeGreaterThan(145);
    const book = page.locator('.panel-ladder .panel-body');
    expect(await book.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)).toBe(0);
  });

  it('moves no panel when the coins are filtered and when trading is halted', async () => {
    const panels = ['coins', 'candles', 'ladder', 'tape', 'stats', 'events'];
    const tops = () => Promise.all(panels.map(async (panel) => (await boxOf(page, `.panel-${panel}`)).top));
    const before = await tops();
    await page.locator('#filter').fill('link');
    await until(async () => (await page.locator('.coins tbody tr').count()) === 1);
    expect(await tops()).toEqual(before);
    gateway.halt('binance is not connected');
    onTestFinished(async () => {
      gateway.halt(undefined);
      await page.locator('#filter').fill('');
    });
    await page.locator('.badge.is-bad', { hasText: 'halted' }).waitFor();
    expect(await tops()).toEqual(before);
  });

  it('gets less than 20 kB of overview a second', async () => {
    await until(() => sizes.length > 4);
    console.log(`bytes of each overview of 200 coins: ${sizes.join(' ')}`);
    expect(Math.max(...sizes.slice(1))).toBeLessThan(20_000);
  });

  it('has no smaller target than 24 px on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('button, input, .audits-bars, .strip a, .coins tbody tr, .foot p:first-child a')]
        .filter((element) => (element as HTMLElement).checkVisibility())
        .map((element) => ({ element, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.height < 23.5 || box.width < 23.5)
        .map(({ element, box }) => `${element.outerHTML.slice(0, 80)} ${box.width}×${box.height}`),
    );
    expect(small).toEqual([]);
  });

  it('brings the detail into view after a tap on a coin, on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator('.coins a[data-symbol="LINKUSDT"]').click();
    await until(async () => (await page.locator('#coin-title').textContent()) === 'LINK/USDT');
    await until(async () => {
      const { top } = await boxOf(page, '#coin-title');
      return top >= 0 && top < 422;
    });
  });

  it('cuts no text, lays no text over another, and shows venue and age at all widths with wide and narrow fonts', async () => {
    // A stale coin has a mark beside its name.
    const watched = await open(gateway, { change: withStaleCoins });
    onTestFinished(() => close(watched));
    const { page } = watched;
    await page.locator('.stale-mark', { hasText: '◐' }).first().waitFor();
    const broken: Record<string, readonly string[]> = {};
    for (const width of WIDTHS)
      for (const [name, font] of Object.entries({ wide: WIDE, narrow: NARROW })) {
        await page.setViewportSize({ width, height: 900 });
        await page.evaluate((family) => document.documentElement.style.setProperty('--font', family), font);
        await painted(page);
        const found = await page.evaluate(brokenBoxes);
        if (found.length > 0) broken[`${width} ${name}`] = found;
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        for (const column of ['venue', 'age'])
          expect(await page.locator(`.coins tbody .c-${column}`).first().isVisible()).toBe(true);
      }
    expect(broken).toEqual({});
  });
});

describe('the list of 2,000 coins', () => {
  let gateway: BusyGateway;
  beforeAll(async () => {
    gateway = await BusyGateway.start({ coins: 2000, tradesPerSecond: 200 });
  });
  afterAll(() => gateway?.close());

  it('has only the rows in view in the document, and is usable by keyboard', async () => {
    const watched = await open(gateway);
    onTestFinished(() => close(watched));
    const { page } = watched;
    const rows = page.locator('.coins tbody tr');
    const focused = () => page.locator(':focus').textContent();
    expect(await rows.count()).toBeLessThan(60);
    expect(await page.locator('.coins tbody a:not([tabindex="-1"])').count()).toBe(1);
    await page.locator('#filter').focus();
    await page.keyboard.press('ArrowDown');
    await until(async () => (await focused()) === 'BTC');
    await page.keyboard.press('End');
    await until(async () => (await focused()) === 'C1996');
    expect(await rows.count()).toBeLessThan(60);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await until(async () => (await page.locator('#coin-title').textContent()) === 'C1995/USDT');
    await page.locator('#filter').fill('c199');
    await until(async () => (await rows.count()) === 8);
    await page.locator('#filter').fill('');
    await page.locator('.coins a[data-symbol="C1995USDT"]').waitFor();
    expect(await page.locator('.coins tr.is-selected').isVisible()).toBe(true);
  });
});
