import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { Heartbeat } from '../../src/domain/record.ts';
import type { StatusSnapshot } from '../../src/domain/status-snapshot.ts';
import { openContext, openDashboard, sharedBrowser } from '../../testing/browser/browser.ts';
import { heartbeat, NOW, orderBook, price, status, venueAge } from '../../testing/records/gateway-records.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';
import { gatewayUnderTest } from '../gateway/gateway-under-test.ts';
import { slowPath } from './slow-path.ts';

let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  browser = await sharedBrowser();
  context = await openContext(browser);
});

afterAll(async () => {
  await context?.close();
});

/** A gateway with the dashboard, of a feed whose heartbeats and prices the test chooses. */
async function scriptedFeed({ token = null }: { readonly token?: string | null } = {}) {
  const startedAt = performance.now();
  const wallClockMs = () => NOW + performance.now() - startedAt;
  const gateway = await gatewayUnderTest({ token }, { dashboardDir: join(root, 'dist/dashboard'), wallClockMs });
  const feed = {
    active: 'bybit',
    alive: true,
    trading: {} as Partial<Heartbeat>,
    dataAt: wallClockMs,
    price: '64902.5',
    snapshot: undefined as Partial<StatusSnapshot> | undefined,
  };
  const beat = () => {
    if (!feed.alive) return;
    const timestamp = wallClockMs();
    const venueAges = [venueAge('bybit', timestamp - feed.dataAt()), venueAge('binance', timestamp - feed.dataAt())];
    gateway.publish(heartbeat({ venueAges, ...feed.trading }, { timestamp, activeVenue: feed.active }));
    if (feed.dataAt === wallClockMs) gateway.publish(price(feed.price, { timestamp, receivedAt: timestamp * 1000 }));
    if (feed.snapshot !== undefined) gateway.look({ ...snapshot(timestamp), ...feed.snapshot });
  };
  // The start of the feed: only then is it known since when the venue serves.
  gateway.publish(status('trading_resumed', { activeVenue: 'bybit', timestamp: wallClockMs() }));
  beat();
  const timer = setInterval(beat, 100);
  onTestFinished(() => clearInterval(timer));
  return { ...gateway, feed, wallClockMs };
}

const snapshot = (at: number): StatusSnapshot => ({
  at,
  startedAt: at - 1000,
  environment: 'simulated',
  mode: 'failover',
  activeVenue: 'bybit',
  serving: { venue: 'bybit', since: null, insteadOf: null, why: '' },
  trading: { state: 'allowed', reason: '' },
  halted: [],
  venues: [],
  coins: [],
  quality: [],
  klines: [],
  healing: [],
  shards: [],
  sinks: [],
  counts: {},
});

const sink = (fields: Partial<StatusSnapshot['sinks'][number]>): StatusSnapshot['sinks'][number] => ({
  name: 'file',
  state: 'up',
  reason: '',
  queued: 0,
  lagMs: null,
  delivered: 0,
  dropped: 0,
  latencyMs: { emittedToAcknowledged: null },
  ...fields,
});

async function open(url: string, height = 900, at = context): Promise<Page> {
  const { page } = await openDashboard(at, url, { height });
  onTestFinished(() => page.close());
  return page;
}

const eventually = <T>(read: () => Promise<T> | T) => expect.poll(read, { timeout: 15_000 });
const textOf = async (page: Page, selector: string) => (await page.locator(selector).textContent()) ?? '';
const trading = (page: Page) => textOf(page, '.headline-trading');
const venue = (page: Page) => textOf(page, '.headline-venue');
const chips = (page: Page) => page.locator('.headline-part').allTextContents();
const icon = (page: Page) => page.locator('link[rel="icon"]').getAttribute('href');

it('says on a healthy feed which venue serves since when, and nothing that is zero', async () => {
  const { url, publish, feed, wallClockMs } = await scriptedFeed();
  const page = await open(url);
  await eventually(() => trading(page)).toContain('trading allowed');
  expect(await venue(page)).toMatch(/^venue bybit, since \d\d:\d\d:\d\d UTC \(\d+ s\)$/);
  expect(await chips(page)).toEqual([]);
  expect(await page.title()).toBe('BTC 64,902.5 · simulated');
  expect(await page.locator('.link').count()).toBe(0);
  publish(status('region_blocked', { venue: 'bybit', reason: 'HTTP 451', timestamp: wallClockMs() }));
  const switched = {
    from: 'bybit',
    to: 'binance',
    lastId: null,
    lastTimestamp: null,
    firstId: null,
    firstTimestamp: null,
  };
  publish(status('failed_over', { venue: 'binance', cause: 'blocked', switch: switched, timestamp: wallClockMs() }));
  feed.active = 'binance';
  await eventually(() => venue(page)).toMatch(/instead of bybit: HTTP 451$/);
});

it('shows a disputed price as halted, with the reason: head, list of coins and coin', async () => {
  const { url, publish, feed, wallClockMs } = await scriptedFeed();
  const page = await open(url);
  await eventually(() => trading(page)).toContain('trading allowed');
  const reason = 'BTC costs 64902.5 at bybit, 1.20 % above the other venues: binance 64132.9, binance_us 64130';
  publish(
    status('price_disputed', { venue: 'bybit', symbol: 'BTCUSDT', coin: 'BTC', reason, timestamp: wallClockMs() }),
  );
  feed.trading = { halted: ['BTCUSDT'], disputedPrices: ['BTCUSDT'] };
  await eventually(() => textOf(page, '.halt-reason')).toBe(`■ Halted: ${reason}`);
  expect(await textOf(page, 'header.head')).toContain('1 symbol halted: BTCUSDT');
  expect(await textOf(page, '.coins tr.is-stale .c-coin')).toBe('BTC■, halted');
  expect(await page.locator('.coins tr.is-stale .c-coin').getAttribute('title')).toBe(`halted: ${reason}`);
  expect(await textOf(page, '.panel-candles .stale-note')).toBe('halted');
  publish(orderBook({ receivedAt: wallClockMs() * 1000 }));
  await eventually(() => textOf(page, '.panel-ladder .stale-note')).toBe('halted');
  await eventually(() => textOf(page, '.events')).toContain('price disputed');
  feed.trading = {};
  await page.locator('.halt-reason').waitFor({ state: 'detached' });
  await page.locator('.coins tr:not(.is-stale) .c-coin').first().waitFor();
});

it('says that no venue serves while all are down: head, title, icon, cells and announcer', async () => {
  const { url, publish, feed, wallClockMs } = await scriptedFeed();
  const page = await open(url);
  await eventually(() => trading(page)).toContain('trading allowed');
  const before = (await page.locator('.main').boundingBox())?.y;
  const healthy = await icon(page);
  const downAt = wallClockMs();
  feed.dataAt = () => downAt;
  feed.trading = { trading: 'halted', tradingReason: 'bybit is not connected', halted: ['BTCUSDT'] };
  for (const name of ['bybit', 'binance'])
    publish(status('disconnected', { venue: name, reason: 'closed', timestamp: downAt }));
  await eventually(() => trading(page)).toMatch(/trading halted: bybit is not connected$/);
  expect(await venue(page)).toMatch(/^venue none \(last: bybit, \d+ s ago\)$/);
  expect(await icon(page)).not.toBe(healthy);
  await page.locator('.coins tr.is-stale').waitFor();
  await eventually(() => page.title()).toBe('■ HALTED · BTC · simulated');
  expect(await textOf(page, '[aria-live]')).toBe(
    'simulated data. trading halted: bybit is not connected. No venue serves.',
  );
  expect((await page.locator('.main').boundingBox())?.y).toBe(before);
  const panel = page.locator('.panel-candles.is-stale');
  expect(await panel.locator('.panel-body').evaluate((body) => getComputedStyle(body).filter)).toContain('grayscale');
  await eventually(() => panel.locator('.stale-note').textContent()).toMatch(/stale for [2-9] s/);
  feed.dataAt = wallClockMs;
  feed.trading = {};
  for (const name of ['bybit', 'binance']) publish(status('connected', { venue: name, timestamp: wallClockMs() }));
  await page.locator('.badge.trading.is-good').waitFor();
  await page.locator('.panel-candles:not(.is-stale)').waitFor();
});

it('keeps the head in view while the page scrolls', async () => {
  const { url } = await scriptedFeed();
  const page = await open(url, 500);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await until(() => page.evaluate(() => scrollY > 100));
  expect((await page.locator('.head').boundingBox())?.y).toBe(0);
});

it('does not know whether trading is allowed after the feed was killed', async () => {
  const { url, feed } = await scriptedFeed();
  const page = await open(url);
  await eventually(() => trading(page)).toContain('trading allowed');
  feed.alive = false;
  await eventually(() => trading(page)).toMatch(/trading unknown: no heartbeat of the feed for \d+ s$/);
  expect(await venue(page)).toMatch(/^venue unknown \(last: bybit, \d+ s ago\)$/);
  expect(await page.title()).toContain('? UNKNOWN · BTC');
  expect(await page.locator('.strip-state, .venue').count()).toBeGreaterThan(2);
  expect(await page.locator('.venue-up').count()).toBe(0);
  expect(await page.locator('.chip', { hasText: 'active' }).count()).toBe(0);
  await page.locator('.coins tr.is-stale').waitFor();
});

it('shows a sink that is down, dropped records, dead letters and gaps as parts that lead to their lists', async () => {
  const { url, feed } = await scriptedFeed();
  feed.snapshot = {
    sinks: [sink({ state: 'down', reason: 'file: ENOSPC: no space left', dropped: 45_582, queued: 9501 })],
    counts: { gaps: 20, dead_letters: 40 },
  };
  const page = await open(url);
  await eventually(() => chips(page)).toEqual([
    'sink file is down: ENOSPC: no space left',
    '45,582 records dropped',
    '20 gaps',
    '40 dead letters',
  ]);
  expect(await page.title()).toBe('▽ SINK DOWN · BTC 64,902.5 · simulated');
  await page.locator('.headline-part', { hasText: 'gaps' }).click();
  await eventually(() => textOf(page, '#events-title')).toBe('Gaps');
});

it('stays grey after a reconnect until the first overview, over a round trip of 600 ms', async () => {
  const { url, feed } = await scriptedFeed();
  const path = await slowPath(url, 300);
  const own = await browser.newContext();
  onTestFinished(() => own.close());
  await own.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    setInterval(() => {
      const lost = document.querySelector('.app.is-lost') !== null;
      const said = document.querySelector('.headline-trading')?.textContent ?? '';
      seen.push(`${lost} ${said}`);
    }, 20);
    const Real = WebSocket;
    globalThis.WebSocket = class extends Real {
      constructor(...given: ConstructorParameters<typeof WebSocket>) {
        super(...given);
        this.addEventListener('open', () => seen.push('open'));
        this.addEventListener('message', () => seen.at(-1) !== 'message' && seen.push('message'));
      }
    };
  });
  const page = await open(path.url, 900, own);
  await eventually(() => trading(page)).toContain('trading allowed');
  path.cut();
  await page.locator('.app.is-lost').waitFor();
  feed.price = '70000.5';
  await page.evaluate(() => {
    (globalThis as unknown as { seen: string[] }).seen.splice(0);
    const app = document.querySelector('.app');
    const watch = new MutationObserver(() => {
      if (app === null || app.classList.contains('is-lost')) return;
      watch.disconnect();
      // Just before the browser paints the change.
      requestAnimationFrame(() => {
        document.body.dataset.firstPrice = document.querySelector('.coins .price')?.textContent ?? '';
      });
    });
    if (app !== null) watch.observe(app, { attributes: true });
  });
  await page.locator('.app:not(.is-lost)').waitFor();
  await page.locator('body[data-first-price]').waitFor();
  expect(await page.locator('body').getAttribute('data-first-price')).toContain('70,000.5');
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
  const opened = seen.indexOf('open');
  const between = seen.slice(opened + 1, seen.indexOf('message', opened));
  expect(between.length).toBeGreaterThanOrEqual(1);
  expect(between.filter((state) => !/^true .*trading unknown/.test(state))).toEqual([]);
});

it('gives up a connection that is not answered, counts down, and tries again at once on request', async () => {
  const { url } = await scriptedFeed();
  const path = await slowPath(url, 0);
  const page = await open(path.url);
  await eventually(() => trading(page)).toContain('trading allowed');
  path.mute = true;
  path.cut();
  await eventually(() => textOf(page, '.link')).toMatch(/page offline .*(next try in \d+ s|connecting)/);
  expect(await trading(page)).toMatch(/trading unknown: no answer of the gateway for/);
  const before = path.made;
  // Without a limit, the first silent attempt would never end.
  await eventually(() => path.made).toBeGreaterThan(before + 1);
  const bars = (await page.locator('.timeline rect title').allTextContents()).filter((text) => text.startsWith('Feed'));
  expect(bars.at(-1)).toMatch(/^Feed: unknown,/);
  expect(bars.join()).not.toContain('no feed');
  expect(await page.locator('.panel-events').textContent()).not.toContain('feed lost');
  const tryNow = page.getByRole('button', { name: 'Try now' });
  await tryNow.waitFor({ timeout: 15_000 });
  // The gateway stays silent until then: an attempt by the page itself would remove the button.
  const beforeClick = path.made;
  await tryNow.click();
  await eventually(() => path.made).toBeGreaterThan(beforeClick);
  path.mute = false;
  await page.locator('.app:not(.is-lost)').waitFor();
});

it.each([360, 820])('says the whole sentence in a window of %i px if the gateway does not answer', async (width) => {
  const { url } = await scriptedFeed();
  const path = await slowPath(url, 0);
  const page = await open(path.url);
  await page.setViewportSize({ width, height: 900 });
  path.mute = true;
  path.cut();
  await eventually(() => trading(page)).toMatch(/trading unknown: no answer of the gateway for/);
  const hidden = await page.locator('.headline-trading').evaluate((sentence) => ({
    width: sentence.scrollWidth - sentence.clientWidth,
    height: sentence.scrollHeight - sentence.clientHeight,
  }));
  expect(hidden).toEqual({ width: 0, height: 0 });
  // The page's name stays in one line.
  expect((await page.locator('.brand').boundingBox())?.height).toBeLessThan(30);
});

it('is grey after a sleep of the computer until the next overview', async () => {
  const { url } = await scriptedFeed();
  const page = await open(url);
  await eventually(() => trading(page)).toContain('trading allowed');
  await page.evaluate(() => {
    const real = Date.now;
    Date.now = () => real() + 60_000;
    const watch = new MutationObserver(() => {
      if (document.querySelector('.app.is-lost') === null) return;
      watch.disconnect();
      document.body.dataset.wasLost = 'true';
    });
    watch.observe(document.body, { attributes: true, subtree: true });
  });
  await page.locator('body[data-was-lost]').waitFor({ state: 'attached' });
  await page.locator('.app:not(.is-lost)').waitFor();
});

it('says that a token is wrong, and claims nothing below', async () => {
  const { url } = await scriptedFeed({ token: 'sesame' });
  const page = await context.newPage();
  onTestFinished(() => page.close());
  await page.goto(url);
  const form = page.locator('.token-form');
  expect(await form.textContent()).toContain('requires a token');
  await page.keyboard.type('wrong');
  await page.keyboard.press('Enter');
  await eventually(() => form.textContent()).toContain('The token is wrong');
  expect(await page.locator(':focus').getAttribute('name')).toBe('token');
  expect(await page.locator('body').textContent()).not.toMatch(/Nothing has happened yet|No coin yet/);
  await page.keyboard.type('sesame');
  await page.keyboard.press('Enter');
  await eventually(() => trading(page)).toContain('trading allowed');
});

it('keeps the right token after a reload, although the browser preloads the status without it', async () => {
  const { url, feed } = await scriptedFeed({ token: 'sesame' });
  const own = await browser.newContext();
  onTestFinished(() => own.close());
  const page = await own.newPage();
  await page.goto(url);
  await page.locator('.token-form input').fill('sesame');
  await page.keyboard.press('Enter');
  await eventually(() => trading(page)).toContain('trading allowed');
  await page.reload();
  feed.price = '70000.5';
  await eventually(() => textOf(page, '.coins .price')).toContain('70,000.5');
  expect(await page.locator('.token-form').count()).toBe(0);
});

it('notifies of a halt only after the user has switched it on, and remembers that', async () => {
  const { url, feed } = await scriptedFeed();
  await context.grantPermissions(['notifications']);
  const page = await open(url);
  await page.evaluate(() => {
    const shown: string[] = [];
    Object.assign(globalThis, { shown });
    globalThis.Notification = class {
      static permission = 'granted';
      static requestPermission = async () => 'granted';
      constructor(title: string) {
        shown.push(title);
      }
    } as unknown as typeof Notification;
  });
  const shown = () => page.evaluate(() => (globalThis as unknown as { shown: string[] }).shown);
  const bell = page.getByRole('button', { name: /alerts/i });
  expect(await bell.getAttribute('aria-pressed')).toBe('false');
  const halt = async () => {
    feed.trading = { trading: 'halted', tradingReason: 'bybit is stale' };
    await eventually(() => trading(page)).toContain('trading halted');
    feed.trading = {};
    await eventually(() => trading(page)).toContain('trading allowed');
  };
  await halt();
  expect(await shown()).toEqual([]);
  await bell.click();
  expect(await bell.getAttribute('aria-pressed')).toBe('true');
  await halt();
  await eventually(shown).toEqual(['trading halted: bybit is stale']);
  await page.reload();
  await bell.waitFor();
  expect(await bell.getAttribute('aria-pressed')).toBe('true');
  await page.evaluate(() => localStorage.clear());
});
