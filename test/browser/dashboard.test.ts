import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Events } from '../../src/gateway/api/feed-answers.ts';
import type { PriceJson } from '../../src/gateway/api/record-schema.ts';
import type { ServerMessage } from '../../src/gateway/api/stream-messages.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';
import {
  launchBrowser,
  openContext,
  openDashboard,
  type PageOptions,
  type Theme,
  type WatchedPage,
} from './browser.ts';
import { Demo } from './demo.ts';

let demo: Demo;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  [demo, browser] = await Promise.all([Demo.start(), launchBrowser()]);
  context = await openContext(browser);
}, 90_000);

afterAll(async () => {
  await browser?.close();
  await demo?.end();
});

/** Opens a page of the running demo. It fails on any error, and on any request to another host. */
async function open(path = '', options: PageOptions = {}): Promise<Page> {
  const watched = await openDashboard(context, demo.url + path, options);
  onTestFinished(() => close(watched));
  return watched.page;
}

async function close({ page, errors, hosts }: WatchedPage): Promise<void> {
  // The next page must not start with the theme that this one chose.
  await page.evaluate(() => localStorage.clear());
  await page.close();
  // A coin without data answers 404, as it may after a switch. Chromium itself logs that as an error.
  expect(errors.filter((error) => !/status of 404 .*\/api\/assets\//.test(error))).toEqual([]);
  expect([...hosts]).toEqual([new URL(demo.url).host]);
}

const textsOf = (page: Page, selector: string) => page.locator(selector).allTextContents();
const priceOf = (page: Page, coin: string) => page.locator(`.coins tr:has(a[data-symbol="${coin}USDT"]) .price`);

describe('the dashboard of a healthy feed', () => {
  it('shows the simulated environment, the active venue and that trading is allowed', async () => {
    const page = await open();
    expect(await page.locator('.banner.is-test').textContent()).toContain('These are not market prices');
    expect(await page.locator('.badge.environment').textContent()).toBe('simulated');
    await page.locator('.badge.trading.is-good').waitFor();
    expect(await page.locator('.headline-venue strong').textContent()).toBe((await demo.status()).active_venue);
    expect(await page.locator('.venue').count()).toBe((await demo.status()).venues.length + 1);
  });

  it('shows all coins with prices that change', async () => {
    const page = await open();
    expect(await page.locator('.coins tbody tr').count()).toBe(20);
    const first = await textsOf(page, '.coins .price');
    await until(async () => {
      const now = await textsOf(page, '.coins .price');
      return now.filter((price, at) => price !== first[at]).length >= 10;
    });
  });

  it('shows candles, book, depth, trades and volume profile of the selected coin, and updates the trades', async () => {
    const page = await open('#/eth');
    expect(await page.locator('#coin-title').textContent()).toBe('ETH/USDT');
    await until(async () => (await coloursOf(page, '.candle-chart canvas')) > 3, { message: 'candles are drawn' });
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
    const page = await open();
    await until(async () => (await coloursOf(page, '.candle-chart canvas')) > 3);
    const asked = page.waitForResponse((response) => response.url().includes('klines?interval=5m'));
    await page.getByRole('button', { name: '5m', exact: true }).click();
    expect((await asked).status()).toBe(200);
    await until(async () => (await coloursOf(page, '.candle-chart canvas')) > 3);
  });
});

describe('the dashboard when something fails', () => {
  it('selects the first coin if the URL fragment cannot be decoded', async () => {
    const page = await open('#/%');
    expect(await page.locator('#coin-title').textContent()).toBe('BTC/USDT');
  });

  it('marks a testnet coin in a production feed', async () => {
    const environmentOf = (symbol: string) => (symbol === 'ETHUSDT' ? 'testnet' : 'production');
    const page = await open('', {
      change: (message) => {
        if (message.type === 'overview') {
          const coins = message.data.coins.map((coin) => ({ ...coin, environment: environmentOf(coin.symbol) }));
          const venues = message.data.venues.map((venue) => ({ ...venue, environment: 'production' as const }));
          return { ...message, data: { ...message.data, environment: 'production', coins, venues } } as ServerMessage;
        }
        if (message.type !== 'price') return message;
        const ticks = message.data as readonly PriceJson[];
        return { ...message, data: ticks.map((tick) => ({ ...tick, environment: environmentOf(tick.symbol) })) };
      },
    });
    await until(async () => (await textsOf(page, '.coins .environment-chip')).join() === 'testnet');
    // Until the next message, the coin's head shows the answer to the page's first request.
    await until(async () => (await textsOf(page, '.coin-head .environment-chip')).join() === 'production');
    expect(await page.locator('tr:has(.environment-chip) a').textContent()).toBe('ETH');
    expect(await page.locator('.badge.environment').textContent()).toBe('testnet');
    expect(await page.locator('.banner.is-test').textContent()).toContain('This is about ETH.');
  });

  it('shows no data of the previous venue after a failover', async () => {
    let switched = false;
    const page = await open('', {
      change: (message) => {
        if (!switched) return message;
        if (message.type === 'price') return undefined;
        if (message.type !== 'overview') return message;
        const coins = message.data.coins.map((coin) => ({ ...coin, venue: 'next', epoch: coin.epoch + 1 }));
        return { ...message, data: { ...message.data, coins } };
      },
    });
    await page.locator('.bid-area').waitFor();
    await page.locator('.profile rect:not([width="0"])').first().waitFor();
    await until(async () => (await page.locator('.panel-candles .empty').count()) === 0);
    switched = true;
    const notes = () => textsOf(page, '.of-coin .panel:not(.panel-tape, .panel-stats) .empty');
    await expect
      .poll(notes, { timeout: limitMs(4000) })
      .toEqual([
        'Waiting for the candles of next.',
        'Waiting for the order book of next.',
        'Waiting for the order book of next.',
        'Waiting for the volume profile of next.',
      ]);
    switched = false;
    await page.locator('.bid-area').waitFor();
    await until(async () => (await notes()).length === 0);
  });

  it('shows a failover on the timeline within 2 s', async () => {
    const page = await open();
    await until(async () => (await demo.status()).active_venue === 'bybit', { timeoutMs: 30_000 });
    const asked = Date.now();
    const drawn = await page.locator('.switch').count();
    await demo.fault({ venue: 'bybit', fault: 'refuse', status: 503, seconds: 60 });
    await until(async () => (await lastFailover()) > asked);
    await until(async () => (await page.locator('.switch').count()) > drawn, { timeoutMs: limitMs(4000) });
    const after = Date.now() - (await lastFailover());
    console.log(`the failover was on the timeline ${after} ms after it happened`);
    expect(after).toBeLessThan(limitMs(2000));
    await until(async () => (await page.locator('.headline-venue strong').textContent()) === 'binance');
    expect((await textsOf(page, '.event strong')).join()).toContain('failed over');
    await page
      .locator('.venue', { hasText: 'bybit' })
      .filter({ hasText: /region blocked|disconnected|connecting/ })
      .waitFor();
    await demo.mend();
  });

  it('turns grey and shows the age of the data while the feed is stale, then recovers', async () => {
    const page = await open();
    await demo.fault({ venue: 'all', fault: 'silence_without_pong' });
    await page.locator('.badge.trading.is-bad').waitFor({ timeout: 20_000 });
    expect(await page.locator('.badge.trading').textContent()).toMatch(/trading halted: /);
    await page.locator('.coins tr.is-stale').first().waitFor({ timeout: 20_000 });
    await page.locator('.panel-candles.is-stale').waitFor();
    expect(await filterOf(page, '.panel-candles .panel-body')).toContain('grayscale');
    const note = () => page.locator('.panel-candles .stale-note').textContent();
    await until(async () => /stale for [2-9] s/.test((await note()) ?? ''));
    await demo.mend();
    await page.locator('.badge.trading.is-good').waitFor({ timeout: 40_000 });
    await page.locator('.panel-candles:not(.is-stale)').waitFor({ timeout: 40_000 });
  }, 120_000);

  it('turns grey and shows the age of the data while its connection is lost, and reconnects by itself', async () => {
    const watched = await openDashboard(context, demo.url);
    const { page } = watched;
    await demo.kill();
    await page.locator('.app.is-lost').waitFor({ timeout: 10_000 });
    expect(await filterOf(page, '.main')).toContain('grayscale');
    expect(await page.locator('.badge.is-unknown').textContent()).toContain('trading unknown');
    const age = async () => Number(/(\d+) s/.exec((await page.locator('.link').textContent()) ?? '')?.[1] ?? 0);
    const first = await until(age);
    await until(async () => (await age()) > first);
    await demo.run();
    await page.locator('.app:not(.is-lost)').waitFor({ timeout: 40_000 });
    expect(await page.locator('.link').count()).toBe(0);
    const [before] = await textsOf(page, '.coins .price');
    await until(async () => (await textsOf(page, '.coins .price'))[0] !== before);
    await page.close();
    // While the port is closed, the browser itself logs errors. There must be no others.
    expect(watched.errors.filter((error) => !error.includes('net::ERR_'))).toEqual([]);
  }, 120_000);
});

describe('the dashboard by keyboard', () => {
  it('skips to the selected coin from the first tab stop', async () => {
    const page = await open();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the selected coin');
    await page.keyboard.press('Enter');
    expect(await page.locator(':focus').getAttribute('id')).toBe('coin-title');
  });

  it('finds and selects a coin, and then another coin', async () => {
    const page = await open();
    await page.keyboard.press('/');
    await page.keyboard.type('so');
    expect(await textsOf(page, '.coins tbody a')).toEqual(['SOL']);
    await page.keyboard.press('Enter');
    await until(() => page.url().endsWith('#/SOLUSDT'));
    await until(async () => (await page.locator('#coin-title').textContent()) === 'SOL/USDT');
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('Delete');
    await until(async () => (await textsOf(page, '.coins tbody a')).length > 2);
    for (const coin of ['BTC', 'ETH']) {
      await page.keyboard.press('ArrowDown');
      await until(async () => (await page.locator(':focus').textContent()) === coin);
    }
    await page.keyboard.press('Enter');
    await until(async () => (await page.locator('#coin-title').textContent()) === 'ETH/USDT');
    expect(await page.locator('.coins a[aria-current]').textContent()).toBe('ETH');
    await page.keyboard.type('li');
    expect(await textsOf(page, '.coins tbody a')).toEqual(['LINK']);
  });

  it('changes the theme, and keeps it after a reload', async () => {
    const page = await open('', { theme: 'light' });
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByRole('button', { name: /theme/ }).focus();
    await page.keyboard.press('Enter');
    const dark = await until(async () => (await ground()) !== light && ground());
    await page.reload();
    await priceOf(page, 'BTC').waitFor();
    expect(await ground()).toBe(dark);
  });

  it('sorts the coins by a column, and restores their order', async () => {
    const page = await open();
    const listed = await textsOf(page, '.coins tbody a');
    const head = page.locator('.c-price button');
    await head.focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('th.c-price').getAttribute('aria-sort')).toBe('descending');
    expect((await textsOf(page, '.coins tbody a')).slice(0, 2)).toEqual(['BTC', 'ETH']);
    await page.keyboard.press('Enter');
    expect((await textsOf(page, '.coins tbody a')).slice(-2)).toEqual(['ETH', 'BTC']);
    await page.keyboard.press('Enter');
    expect(await textsOf(page, '.coins tbody a')).toEqual(listed);
  });
});

describe.each<Theme>(['dark', 'light'])('the dashboard in the %s theme', (theme) => {
  let pictures: string;
  beforeAll(async () => {
    pictures = await mkdtemp(join(tmpdir(), 'market-feed-screenshots-'));
    console.log(`screenshots of the dashboard: ${pictures}`);
  });

  it.each([360, 820, 1440])(
    'has no serious accessibility violation and no horizontal scrolling at a width of %i px',
    async (width) => {
      const page = await open('', { theme, width });
      await page.locator('.bid-area').waitFor();
      await until(async () => (await coloursOf(page, '.candle-chart canvas')) > 3);
      const picture = await page.screenshot({ path: join(pictures, `${theme}-${width}.png`), fullPage: true });
      expect(picture.length).toBeGreaterThan(20_000);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      // The browser's driver injects axe, because the page's content security policy allows no inline script.
      await page.evaluate(axe.source);
      const violations = await page.evaluate(async () => {
        const { axe: injected } = globalThis as unknown as { axe: typeof axe };
        const results = await injected.run(document, { resultTypes: ['violations'] });
        return results.violations.map(({ id, impact, nodes }) => ({
          id,
          impact,
          where: nodes.map(({ html }) => html),
        }));
      });
      expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    },
  );
});

it('the dashboard uses less than 20 % of a core for scripts with the 20 coins of the demo', async () => {
  const page = await open();
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
  await until(async () => (await read()).at - first.at > 5, { everyMs: 500 });
  const last = await read();
  const share = (what: 'script' | 'task') => (last[what] - first[what]) / (last.at - first.at);
  console.log(`of one core: script ${(share('script') * 100).toFixed(1)} %, all ${(share('task') * 100).toFixed(1)} %`);
  expect(share('script')).toBeLessThan(0.2);
});

/** When the feed last failed over, milliseconds since 1970; 0: never. */
async function lastFailover(): Promise<number> {
  const answer = await fetch(new URL('/api/events?limit=100', demo.url));
  const { events } = (await answer.json()) as Events;
  return events.find(({ state }) => state === 'failed_over')?.timestamp ?? 0;
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

function filterOf(page: Page, selector: string): Promise<string> {
  return page.locator(selector).evaluate((element) => getComputedStyle(element).filter);
}

it.each(['/docs', '/docs/'])('the page of the API at %s shows all paths and loads only from its host', async (path) => {
  const { url } = demo;
  const { paths } = (await (await fetch(new URL('/docs/json', url))).json()) as { paths: object };
  const page = await context.newPage();
  onTestFinished(() => page.close());
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
