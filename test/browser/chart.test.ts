import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { EMPTY, Subject } from 'rxjs';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { KlineInterval } from '../../src/domain/instrument.ts';
import type { FeedRecord, Kline } from '../../src/domain/record.ts';
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts';
import type { PastKlinesWanted } from '../../src/gateway/view/kline-history.ts';
import { nextOpenTime, openTimeOf } from '../../src/market/candles/kline-interval.ts';
import { monotonicScheduler } from '../../src/net/monotonic-scheduler.ts';
import { openContext, openDashboard, type PageOptions, sharedBrowser } from '../../testing/browser/browser.ts';
import { GATEWAY_SETTINGS } from '../../testing/feeds/gateway-settings.ts';
import { kline } from '../../testing/judges/events.ts';
import { heartbeat, price, status } from '../../testing/records/gateway-records.ts';
import { sampleGap } from '../../testing/records/sample-records.ts';
import { until } from '../../testing/tools/until.ts';

/* The chart of a gateway whose records come from this file. It holds two minutes; the venue has the candles before. */

const MINUTE = 60_000;
const SERIES = { venue: 'bybit', symbol: 'BTCUSDT', coin: 'BTC', environment: 'simulated', epoch: 1 } as const;
const startedAt = Date.now();
/** The venue has no candles before this time. */
const listedAt = openTimeOf('1d', startedAt - 1200 * 1440 * MINUTE);

const records$ = new Subject<readonly FeedRecord[]>();
let gateway: Gateway;
let url: string;
let browser: Browser;
let context: BrowserContext;
let alive: NodeJS.Timeout;
let asked: PastKlinesWanted[] = [];
let refusal: string | undefined;

/** The market's price at a time: waves, so that candles rise and fall. */
const priceAt = (ms: number): number =>
  65_000 + 900 * Math.sin(ms / 5.1e6) + 130 * Math.sin(ms / 3.3e5) + 40 * Math.sin(ms / 7e4);

function candle(interval: KlineInterval, openTime: number): Kline {
  const closeTime = nextOpenTime(interval, openTime) - 1;
  const ends = [priceAt(openTime), priceAt(closeTime)];
  const [open = 0, close = 0] = ends;
  return kline(openTime, Math.min(closeTime, Date.now()), {
    ...SERIES,
    interval,
    closeTime,
    open: open.toFixed(2),
    close: close.toFixed(2),
    high: (Math.max(...ends) + 25).toFixed(2),
    low: (Math.min(...ends) - 25).toFixed(2),
    volume: (20 + 15 * Math.sin(openTime / 9e4)).toFixed(3),
    closed: closeTime < Date.now(),
  });
}

async function fetchPastKlines(wanted: PastKlinesWanted): Promise<readonly Kline[]> {
  asked.push(wanted);
  if (refusal !== undefined) throw new Error(refusal);
  const { interval, from, to } = wanted;
  const rows: Kline[] = [];
  const first = Math.max(from, openTimeOf(interval, listedAt));
  for (let open = first; open <= to; open = nextOpenTime(interval, open)) rows.push(candle(interval, open));
  return rows;
}

const publish = (...records: readonly FeedRecord[]) => records$.next(records);

function publishNow(): void {
  const now = Date.now();
  const times = { timestamp: now, receivedAt: now * 1000 };
  const open = openTimeOf('1m', now);
  publish(
    heartbeat({}, { timestamp: now }),
    price(priceAt(now).toFixed(2), times),
    { ...candle('1m', open - MINUTE), receivedAt: now * 1000 },
    { ...candle('1m', open), receivedAt: now * 1000 },
  );
}

beforeAll(async () => {
  gateway = await createGateway({
    settings: GATEWAY_SETTINGS,
    source: { records$, statusSnapshots$: EMPTY, metricsSnapshots$: EMPTY, behind: undefined },
    historyTrades: 1000,
    mode: 'failover',
    largeTradeThreshold: 10,
    longestWindowMs: MINUTE,
    dashboardDir: fileURLToPath(new URL('../../dist/dashboard/', import.meta.url)),
    scheduler: monotonicScheduler,
    wallClockMs: Date.now,
    fetchPastKlines,
    fetchBest: async () => [],
    log: () => {},
  });
  ({ url } = await gateway.listen());
  publishNow();
  const gap = { ...SERIES, fromTime: startedAt - 30 * MINUTE, toTime: startedAt - 24 * MINUTE } as const;
  publish(
    sampleGap({ ...gap, outcome: 'unrepaired' }),
    status('failed_over', {
      venue: 'bybit',
      timestamp: startedAt - 12 * MINUTE,
      switch: {
        from: 'binance',
        to: 'bybit',
        lastTradeId: null,
        lastTradeTime: null,
        firstTradeId: null,
        firstTradeTime: null,
      } as never,
    }),
  );
  alive = setInterval(publishNow, 500);
  browser = await sharedBrowser();
  context = await openContext(browser);
}, 90_000);

afterEach(() => {
  asked = [];
  refusal = undefined;
});

afterAll(async () => {
  clearInterval(alive);
  await context?.close();
  await gateway?.close();
});

async function open(options: PageOptions = {}): Promise<{ page: Page; chart: Locator }> {
  const { page, errors } = await openDashboard(context, url, options);
  onTestFinished(async () => {
    await page.evaluate(() => localStorage.clear());
    await page.close();
    expect(errors.filter((error) => !/status of (?:404|502) .*\/api\/assets\//.test(error))).toEqual([]);
  });
  await page.locator('.candle-legend time').waitFor();
  const chart = page.locator('.candle-chart');
  await chart.scrollIntoViewIfNeeded();
  return { page, chart };
}

/** The time that the legend shows, and the page's other texts of the legend. */
const legendOf = async (page: Page): Promise<string> => (await page.locator('.candle-legend').textContent()) ?? '';
const timeOf = async (page: Page): Promise<string> => (await page.locator('.candle-legend time').textContent()) ?? '';

/** Points at a place of the chart, from 0 (left) to 1. */
async function point(page: Page, chart: Locator, at: number): Promise<void> {
  const box = await chart.boundingBox();
  if (box === null) throw new Error('the chart is not on the page');
  await page.mouse.move(box.x + box.width * at, box.y + box.height / 2);
}

/** Waits until the chart is full of candles. */
async function hasCandles(page: Page, chart: Locator): Promise<void> {
  const newest = await timeOf(page);
  let at = 0.1;
  const isPointedAt = async () => {
    at += 0.002;
    await point(page, chart, at);
    return (await timeOf(page)) < newest;
  };
  await until(isPointedAt, { everyMs: 100 });
}

it('says why there are no older candles if the venue refuses', async () => {
  refusal = 'api.bybit.com: HTTP 451: not available in your country';
  const { page } = await open();
  await until(async () => (await legendOf(page)).includes('HTTP 451: not available'));
  expect(await page.locator('.panel-candles .empty').count()).toBe(0);
  refusal = undefined;
  await until(async () => !(await legendOf(page)).includes('451'), { timeoutMs: 15_000, message: 'asks again' });
});

it('shows the candle that is pointed at, else the newest one, and loads older candles when it is dragged', async () => {
  const { page, chart } = await open();
  await hasCandles(page, chart);
  await point(page, chart, 0.5);
  const pointed = await timeOf(page);
  const openTime = Date.parse(`${pointed.replace(' ', 'T')}Z`);
  const { open: first, close, high } = candle('1m', openTime);
  const text = (await legendOf(page)).replaceAll(',', '');
  for (const value of [first, close, high]) expect(text).toContain(value);

  const isOlder = ({ interval, to }: PastKlinesWanted) => interval === '1m' && to < startedAt - 450 * MINUTE;
  const drag = async () => {
    await point(page, chart, 0.05);
    await page.mouse.down();
    for (const at of [0.1, 0.4, 0.8]) await point(page, chart, at);
    await page.mouse.up();
    return asked.some(isOlder);
  };
  await until(drag, { message: 'older candles', everyMs: 100 });
  expect(Date.parse(`${(await timeOf(page)).replace(' ', 'T')}Z`)).toBeLessThan(openTime);
  await page.locator('.to-newest').click();
  await page.locator('.to-newest').waitFor({ state: 'detached' });
});

it('fills all six intervals, and has no more candles before the listing', async () => {
  const { page, chart } = await open();
  for (const interval of ['5m', '15m', '1h', '4h', '1d']) {
    await page.locator(`.panel-candles .choice button:text-is("${interval}")`).click();
    await until(() => asked.some((wanted) => wanted.interval === interval), { message: interval });
    await until(async () => (await legendOf(page)).includes('V '), { message: interval });
    expect(await page.locator('.panel-candles .empty').count()).toBe(0);
  }
  await until(async () => (await timeOf(page)) === new Date().toISOString().slice(0, 10));
  await chart.focus();
  const pressHome = async () => {
    await page.keyboard.press('Home');
    return asked.some(({ from }) => from < listedAt);
  };
  await until(pressHome, { everyMs: 100 });
  const isListing = async () => {
    await page.keyboard.press('Home');
    await point(page, chart, 0.004);
    await point(page, chart, 0.002);
    return (await timeOf(page)) === new Date(listedAt).toISOString().slice(0, 10);
  };
  await until(isListing, { everyMs: 100 });
});

it('has the colours of the page after the system or the user changes the theme', async () => {
  const { page } = await open({ theme: 'dark' });
  const isOfPanel = () =>
    page.evaluate(() => {
      const panel = document.querySelector('.panel-candles');
      const wanted = panel === null ? '' : getComputedStyle(panel).backgroundColor;
      return [...document.querySelectorAll<HTMLCanvasElement>('.candle-chart canvas')].some((canvas) => {
        const [red, green, blue] = canvas.getContext('2d')?.getImageData(2, 2, 1, 1).data ?? [];
        return wanted === `rgb(${red}, ${green}, ${blue})`;
      });
    });
  const hasTheme = (theme: string) => page.locator(`:root[data-theme=${theme}]`).waitFor({ state: 'attached' });
  await until(isOfPanel, { message: 'dark' });
  await page.emulateMedia({ colorScheme: 'light' });
  await hasTheme('light');
  await until(isOfPanel, { message: 'light by the system', timeoutMs: 5000 });
  await page.getByRole('button', { name: 'light theme' }).click();
  await hasTheme('dark');
  await until(isOfPanel, { message: 'dark by the user', timeoutMs: 5000 });
});

/** Resolves in the page when it has not moved for ten frames. */
const stopsScrolling = () =>
  new Promise<void>((resolve) => {
    let still = 0;
    let last = scrollY;
    const look = () => {
      still = scrollY === last ? still + 1 : 0;
      last = scrollY;
      if (still === 10) resolve();
      else requestAnimationFrame(look);
    };
    look();
  });

it('zooms with Ctrl and the wheel, and by keys; a plain wheel and a swipe scroll the page', async () => {
  const { page, chart } = await open({ height: 500 });
  await hasCandles(page, chart);
  const scrolled = () => page.evaluate(() => scrollY);
  await chart.evaluate((element) => element.scrollIntoView({ block: 'end' }));
  await point(page, chart, 0.2);
  const before = await scrolled();
  await page.mouse.wheel(0, 20);
  await until(async () => (await scrolled()) > before, { message: 'the page scrolls' });

  const session = await page.context().newCDPSession(page);
  let isUp = false;
  // A busy browser may take a swipe as a tap, so it is repeated. It changes its direction, because the page may have ended.
  const swiped = async () => {
    isUp = !isUp;
    const beforeSwipe = await scrolled();
    const box = await chart.boundingBox();
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', up: number) => {
      // The end of the chart is in view, its beginning may not be.
      const finger = { x: (box?.x ?? 0) + 100, y: (box?.y ?? 0) + (box?.height ?? 0) - 60 - up };
      return session.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [finger] });
    };
    const ups = Array.from({ length: 20 }, (_, step) => 5 * step);
    const [start = 0, ...moves] = isUp ? ups : ups.toReversed();
    await touch('touchStart', start);
    for (const up of moves) await touch('touchMove', up);
    await touch('touchEnd', 0);
    return (await scrolled()) !== beforeSwipe;
  };
  await until(swiped, { message: 'a swipe scrolls the page', everyMs: 300 });

  await chart.scrollIntoViewIfNeeded();
  await page.evaluate(stopsScrolling);
  const beforeZoom = await scrolled();
  await point(page, chart, 0.2);
  const far = await timeOf(page);
  await page.keyboard.down('Control');
  await point(page, chart, 0.8);
  for (let notches = 0; notches < 4; notches++) await page.mouse.wheel(0, -120);
  await page.keyboard.up('Control');
  const timeAt = async (at: number) => {
    // A busy browser may show the next candles only after the mouse has moved.
    await point(page, chart, at + 0.01);
    await point(page, chart, at);
    return timeOf(page);
  };
  await until(async () => (await timeAt(0.2)) > far, { message: 'fewer candles are shown' });
  expect(await scrolled()).toBe(beforeZoom);
  const zoomed = await timeOf(page);
  await chart.focus();
  for (let presses = 0; presses < 6; presses++) await page.keyboard.press('-');
  await until(async () => (await timeAt(0.2)) < zoomed, { message: 'more candles are shown' });
});

it('moves by keys alone, and Tab leaves the chart', async () => {
  const { page, chart } = await open();
  await hasCandles(page, chart);
  await chart.focus();
  await page.keyboard.press('ArrowLeft');
  await page.locator('.to-newest').waitFor();
  await page.keyboard.press('End');
  await page.locator('.to-newest').waitFor({ state: 'detached' });
  const newest = await timeOf(page);
  for (let presses = 0; presses < 3; presses++) await page.keyboard.press('Shift+ArrowLeft');
  await until(async () => (await timeOf(page)) < newest);
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.className)).not.toContain('candle-chart');
  await until(async () => (await timeOf(page)) >= newest, { message: 'without the focus, no candle is pointed at' });
});

it('goes to the newest candles although older ones arrive before the next frame', async () => {
  const { page, chart } = await open();
  await hasCandles(page, chart);
  const answer = Promise.withResolvers<void>();
  await page.route(/\/klines\?/, async (route) => {
    await answer.promise;
    await route.continue();
  });
  await chart.focus();
  await page.keyboard.press('Home');
  await until(async () => (await legendOf(page)).includes('loading'), { message: 'older candles are requested' });
  await page.locator('.to-newest').waitFor();
  // The page has no frame until `paint` is called.
  await page.evaluate(() => {
    const frames: FrameRequestCallback[] = [];
    const { requestAnimationFrame } = globalThis;
    const twoFrames = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    globalThis.requestAnimationFrame = (work) => frames.push(work);
    const paint = () => {
      globalThis.requestAnimationFrame = requestAnimationFrame;
      for (const work of frames) requestAnimationFrame(work);
      return twoFrames();
    };
    Object.assign(globalThis, { paint });
    return twoFrames();
  });
  await page.keyboard.press('End');
  answer.resolve();
  await until(async () => !(await legendOf(page)).includes('loading'), { message: 'older candles arrive' });
  await page.evaluate(() => (globalThis as unknown as { paint: () => Promise<void> }).paint());
  await page.locator('.to-newest').waitFor({ state: 'detached' });
});

it('names gaps and switches of venue, and shows local time on the whole page', async () => {
  const { page, chart } = await open();
  await until(async () => /gap, unrepaired; .*binance → bybit/.test((await chart.getAttribute('aria-label')) ?? ''));
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setTimezoneOverride', { timezoneId: 'Asia/Kolkata' });
  await page.locator('.top .utc').click();
  await until(async () => (await timeOf(page)).endsWith(localMinute()), { message: 'local time in the legend' });
  const times = await page.locator('.events time').allTextContents();
  expect(times.some((time) => time.includes(localMinute(-12)))).toBe(true);
});

it('paints the first price before the stream begins, and before it makes the chart and the other panels', async () => {
  const own = await browser.newContext();
  onTestFinished(() => own.close());
  await own.routeWebSocket(/\/ws\//, () => {});
  await own.addInitScript(() => {
    const steps: string[] = [];
    Object.assign(globalThis, { steps });
    const noteStep = (name: string, selector: string) => {
      if (steps.includes(name) || document.querySelector(selector) === null) return;
      steps.push(name);
      if (name === 'price') requestAnimationFrame(() => steps.push('paint'));
    };
    new MutationObserver(() => {
      noteStep('price', '.coins .price');
      noteStep('panels', '.panel-candles, .panel-ladder, .panel-tape, .panel-timeline');
      noteStep('chart', '.candle-chart canvas');
    }).observe(document, { childList: true, subtree: true });
  });
  const { page } = await openDashboard(own, url);
  await page.locator('.candle-chart canvas').first().waitFor();
  const steps = await page.evaluate(() => (globalThis as unknown as { steps: string[] }).steps);
  expect(steps).toEqual(['price', 'paint', 'panels', 'chart']);
});

/** The present time in India, five and a half hours ahead of UTC: `19:33`. */
function localMinute(minutes = 0): string {
  const at = minutes === 0 ? Date.now() : startedAt + minutes * MINUTE;
  return new Date(at + 330 * MINUTE).toISOString().slice(11, 16);
}

it('draws with the colours of a forced palette', async () => {
  const { page } = await open();
  await until(async () => (await coloursOf(page)).length > 3, { message: 'the chart has lines' });
  const [ground] = await coloursOf(page);
  await page.emulateMedia({ forcedColors: 'active' });
  await until(async () => (await coloursOf(page))[0] !== ground, { message: 'the ground has another colour' });
  await until(async () => (await coloursOf(page)).length > 3, { message: 'the chart has lines' });
});

/** The colours of the chart, the most frequent one first: the ground. */
function coloursOf(page: Page): Promise<readonly number[]> {
  return page.evaluate(() => {
    const colours = new Map<number, number>();
    for (const canvas of document.querySelectorAll<HTMLCanvasElement>('.candle-chart canvas')) {
      if (canvas.width === 0 || canvas.height === 0) continue;
      const pixels = new Uint32Array(
        canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data.buffer ?? [],
      );
      for (const pixel of pixels) colours.set(pixel, (colours.get(pixel) ?? 0) + 1);
    }
    // Canvases lie above each other: where nothing is drawn, the upper one is transparent.
    colours.delete(0);
    return [...colours].sort(([, a], [, b]) => b - a).map(([colour]) => colour);
  });
}
