import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { PriceJson } from '../../src/gateway/api/record-schema.ts';
import type { ServerMessage } from '../../src/gateway/api/stream-messages.ts';
import {
  openContext,
  openDashboard,
  sharedBrowser,
  type Theme,
  textOf,
  textsOf,
  type WatchedPage,
} from '../../testing/browser/browser.ts';
import { BusyGateway } from '../../testing/browser/busy-gateway.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';

const WIDTHS = [360, 820, 1440];

let context: BrowserContext;

beforeAll(async () => {
  context = await openContext(await sharedBrowser());
});

afterAll(() => context?.close());

/* These tests share one page, because opening a page costs more than all else that a test does. */
describe('the dashboard of a healthy feed', () => {
  let gateway: BusyGateway;
  let watched: WatchedPage;
  let page: Page;
  const unchanged = (message: ServerMessage): ServerMessage | undefined => message;
  let change = unchanged;

  beforeAll(async () => {
    gateway = await BusyGateway.start({ coins: 20, tradesPerSecond: 100 });
    // A fragment that cannot be decoded selects the first coin.
    watched = await openDashboard(context, `${gateway.url}#/%`, { change: (message) => change(message) });
    page = watched.page;
  });

  beforeEach(() => {
    change = unchanged;
  });

  afterAll(async () => {
    await page?.close();
    await gateway?.close();
    // A coin without data answers 404, as it may after a switch. Chromium itself logs that as an error.
    expect(watched.errors.filter((error) => !/status of 404 .*\/api\/assets\//.test(error))).toEqual([]);
    // The documentation of the API, which is opened at full length, has pictures in `data:` addresses.
    expect([...watched.hosts].filter((host) => !(isLong && host === ''))).toEqual([new URL(gateway.url).host]);
  });

  it('selects the first coin if the URL fragment cannot be decoded', async () => {
    expect(await textOf(page, '#coin-title')).toBe('BTC/USDT');
  });

  it('shows the simulated environment, the active venue and that trading is allowed', async () => {
    expect(await textOf(page, '.banner.is-test')).toContain('These are not market prices');
    expect(await textOf(page, '.badge.environment')).toBe('simulated');
    await page.locator('.badge.trading.is-good').waitFor();
    expect(await textOf(page, '.headline-venue strong')).toBe('binance');
    expect(await page.locator('.venue').count()).toBe(3);
  });

  it('shows all coins with prices that change', async () => {
    expect(await page.locator('.coins tbody tr').count()).toBe(20);
    const first = await textsOf(page, '.coins .price');
    await until(async () => {
      const now = await textsOf(page, '.coins .price');
      return now.filter((price, at) => price !== first[at]).length >= 10;
    });
  });

  it('shows candles, book, depth, trades and volume profile of the selected coin, and updates the trades', async () => {
    await page.goto(`${gateway.url}#/link`);
    await until(async () => (await textOf(page, '#coin-title')) === 'LINK/USDT');
    await page.goto(`${gateway.url}#/btc`);
    await until(async () => (await textOf(page, '#coin-title')) === 'BTC/USDT');
    await hasCandles(page);
    await page.locator('.bid-area').waitFor();
    await page.locator('.profile rect.bought:not([width="0"])').first().waitFor();
    expect(await page.locator('.ladder .asks tr').count()).toBe(12);
    expect(await page.locator('.ladder .bids tr').count()).toBe(12);
    const before = await textsOf(page, '.tape tbody tr:first-child td');
    await until(async () => (await textsOf(page, '.tape tbody tr:first-child td')).join() !== before.join());
    const [asks, bids] = await Promise.all([
      textsOf(page, '.asks td:first-child'),
      textsOf(page, '.bids td:first-child'),
    ]);
    const prices = [...asks, ...bids].map((price) => Number(price.replaceAll(',', '')));
    expect(prices).toEqual(prices.toSorted((a, b) => b - a));
  });

  it('shows candles of another interval', async () => {
    const asked = page.waitForResponse((response) => response.url().includes('klines?interval=5m'));
    await page.getByRole('button', { name: '5m', exact: true }).click();
    expect((await asked).status()).toBe(200);
    await hasCandles(page);
  });

  it('marks a testnet coin in a production feed', async () => {
    const environmentOf = (symbol: string) => (symbol === 'LINKUSDT' ? 'testnet' : 'production');
    change = (message) => {
      if (message.type === 'overview') {
        const coins = message.data.coins.map((coin) => ({ ...coin, environment: environmentOf(coin.symbol) }));
        const venues = message.data.venues.map((venue) => ({ ...venue, environment: 'production' as const }));
        return { ...message, data: { ...message.data, environment: 'production', coins, venues } } as ServerMessage;
      }
      if (message.type !== 'price') return message;
      const ticks = message.data as readonly PriceJson[];
      return { ...message, data: ticks.map((tick) => ({ ...tick, environment: environmentOf(tick.symbol) })) };
    };
    await until(async () => (await textsOf(page, '.coins .environment-chip')).join() === 'testnet');
    // Until the next message, the coin's head shows the answer to the page's first request.
    await until(async () => (await textsOf(page, '.coin-head .environment-chip')).join() === 'production');
    expect(await page.locator('tr:has(.environment-chip) a').textContent()).toBe('LINK');
    expect(await page.locator('.badge.environment').textContent()).toBe('testnet');
    expect(await page.locator('.banner.is-test').textContent()).toContain('This is about LINK.');
  });

  it('shows no data of the previous venue after a failover', async () => {
    await page.locator('.bid-area').waitFor();
    await page.locator('.profile rect:not([width="0"])').first().waitFor();
    await until(async () => (await page.locator('.panel-candles .empty').count()) === 0);
    change = (message) => {
      if (message.type === 'price') return undefined;
      if (message.type !== 'overview') return message;
      const coins = message.data.coins.map((coin) => ({ ...coin, venue: 'next', epoch: coin.epoch + 1 }));
      return { ...message, data: { ...message.data, coins } };
    };
    const notes = () => textsOf(page, '.of-coin .panel:not(.panel-tape, .panel-stats) .empty');
    await expect
      .poll(notes, { timeout: limitMs(4000) })
      .toEqual([
        'Waiting for the candles of next.',
        'Waiting for the order book of next.',
        'Waiting for the order book of next.',
        'Waiting for the volume profile of next.',
      ]);
    const isOnTop = (note: HTMLElement | SVGElement) => {
      note.style.pointerEvents = 'auto';
      const { left, top, width, height } = note.getBoundingClientRect();
      return document.elementFromPoint(left + width / 2, top + height / 2) === note;
    };
    expect(await page.locator('.panel-candles .empty').evaluate(isOnTop)).toBe(true);
    change = unchanged;
    await page.locator('.bid-area').waitFor();
    await expect.poll(notes, { timeout: 15_000 }).toEqual([]);
  });

  it('uses less than 20 % of a core for scripts', async () => {
    await page.locator('.bid-area').waitFor();
    const session = await page.context().newCDPSession(page);
    // The CPU time of the thread, which other processes do not affect.
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const read = async () => {
      const { metrics } = await session.send('Performance.getMetrics');
      const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
      return { at: of('Timestamp'), script: of('ScriptDuration'), task: of('TaskDuration') };
    };
    const first = await read();
    await until(async () => (await read()).at - first.at > 2, { everyMs: 500 });
    const last = await read();
    const share = (what: 'script' | 'task') => (last[what] - first[what]) / (last.at - first.at);
    console.log(
      `of one core: script ${(share('script') * 100).toFixed(1)} %, all ${(share('task') * 100).toFixed(1)} %`,
    );
    expect(share('script')).toBeLessThan(0.2);
  });

  it.each<{ readonly theme: Theme; readonly widths: readonly number[] }>([
    { theme: 'dark', widths: isLong ? WIDTHS : [360] },
    { theme: 'light', widths: isLong ? WIDTHS : [1440] },
  ])(
    'has no serious accessibility violation and no horizontal scrolling in the $theme theme',
    async ({ theme, widths }) => {
      onTestFinished(() => page.setViewportSize({ width: 1440, height: 900 }));
      await page.emulateMedia({ colorScheme: theme });
      // The browser's driver injects axe, because the page's content security policy allows no inline script.
      await page.evaluate(axe.source);
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        await page.locator('.bid-area').waitFor();
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        const violations = await page.evaluate(async () => {
          const { axe: injected } = globalThis as unknown as { axe: typeof axe };
          const results = await injected.run(document, { resultTypes: ['violations'] });
          return results.violations.map(({ id, impact, nodes }) => ({
            id,
            impact,
            where: nodes.map(({ html }) => html),
          }));
        });
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        expect({ width, serious }).toEqual({ width, serious: [] });
      }
    },
  );

  it('skips to the selected coin from the first tab stop', async () => {
    await page.reload();
    await page.locator('.coins .price').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await textOf(page, ':focus')).toBe('Skip to the selected coin');
    await page.keyboard.press('Enter');
    expect(await page.locator(':focus').getAttribute('id')).toBe('coin-title');
  });

  it('finds and selects a coin by keyboard, and then another coin', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('li');
    expect(await textsOf(page, '.coins tbody a')).toEqual(['LINK']);
    await page.keyboard.press('Enter');
    await until(() => page.url().endsWith('#/LINKUSDT'));
    await until(async () => (await textOf(page, '#coin-title')) === 'LINK/USDT');
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('Delete');
    await until(async () => (await textsOf(page, '.coins tbody a')).length > 2);
    for (const coin of ['BTC', 'PEPE']) {
      await page.keyboard.press('ArrowDown');
      await until(async () => (await textOf(page, ':focus')) === coin);
    }
    await page.keyboard.press('Enter');
    await until(async () => (await textOf(page, '#coin-title')) === 'PEPE/USDT');
    expect(await textOf(page, '.coins a[aria-current]')).toBe('PEPE');
    await page.keyboard.type('bt');
    expect(await textsOf(page, '.coins tbody a')).toEqual(['BTC']);
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('Delete');
    await until(async () => (await textsOf(page, '.coins tbody a')).length > 2);
  });

  it('sorts the coins by a column by keyboard, and restores their order', async () => {
    const listed = await textsOf(page, '.coins tbody a');
    const wholes = async () =>
      (await textsOf(page, '.coins .price')).map((price) => Number(price.replaceAll(/,|\..*/g, '')));
    await page.locator('.c-price button').focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('th.c-price').getAttribute('aria-sort')).toBe('descending');
    const falling = await wholes();
    expect(falling).toEqual(falling.toSorted((a, b) => b - a));
    await page.keyboard.press('Enter');
    await expect.poll(wholes).toEqual(falling.toReversed());
    await page.keyboard.press('Enter');
    expect(await textsOf(page, '.coins tbody a')).toEqual(listed);
  });

  it('changes the theme by keyboard, and keeps it after a reload', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByRole('button', { name: /theme/ }).focus();
    await page.keyboard.press('Enter');
    const dark = await until(async () => (await ground()) !== light && ground());
    await page.reload();
    await page.locator('.coins .price').first().waitFor();
    expect(await ground()).toBe(dark);
    // Later pages of this context must not start with the theme that this one chose.
    await page.evaluate(() => localStorage.clear());
  });

  if (isLong)
    it('shows all paths of the API at /docs', async () => {
      const { paths } = (await (await fetch(new URL('/docs/json', gateway.url))).json()) as { paths: object };
      await page.goto(new URL('/docs', gateway.url).href);
      await page.getByText('/api/assets/crypto/{symbol}/klines').waitFor();
      expect(await page.locator('.opblock').count()).toBe(Object.keys(paths).length);
    });
});

/** Waits until the chart has more colours than a ground and lines. Reading its pixels costs the browser much. */
async function hasCandles(page: Page): Promise<void> {
  await until(async () => (await coloursOf(page, '.candle-chart canvas')) > 3, { everyMs: 250, message: 'candles' });
}

/** Approximate number of colours in all canvases. An empty canvas has one. */
function coloursOf(page: Page, selector: string): Promise<number> {
  return page.evaluate((canvases) => {
    const colours = new Set<number>();
    for (const canvas of document.querySelectorAll<HTMLCanvasElement>(canvases)) {
      if (canvas.width === 0 || canvas.height === 0) continue;
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      for (let at = 0; at < pixels.length; at += 4 * 7)
        colours.add(((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0));
    }
    return colours.size;
  }, selector);
}
