import { join } from 'node:path';
import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { FeedStatus } from '../../src/domain/record.ts';
import { openContext, openDashboard, sharedBrowser, type Theme } from '../../testing/browser/browser.ts';
import { heartbeat, price, status, venueAge } from '../../testing/records/gateway-records.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';
import { gatewayUnderTest } from '../gateway/gateway-under-test.ts';

let context: BrowserContext;

beforeAll(async () => {
  context = await openContext(await sharedBrowser());
}, 60_000);
afterAll(() => context?.close());

const SECOND = 1000;
const VENUES = ['bybit', 'binance'];
const ALIVE = { venueAges: VENUES.map((venue) => venueAge(venue, 10)) };

/**
 * The past of a feed, in seconds before `now`: bybit was silent from 280 to 250 and down from 240 to 230; the process
 * was killed at 200 and started again at 160; its disk was full from 120 to 100.
 */
function past(now: number): FeedStatus[] {
  const of = (instance: string, state: string, before: number, fields: Partial<FeedStatus> = {}) =>
    status(state, { instance, timestamp: now - before * SECOND, activeVenue: 'bybit', ...fields });
  const beats = (instance: string, from: number, to: number) =>
    Array.from({ length: (from - to) / 2 + 1 }, (_, at) =>
      heartbeat(ALIVE, { instance, timestamp: now - (from - at * 2) * SECOND, activeVenue: 'bybit' }),
    );
  const lines = (instance: string, before: number) =>
    VENUES.flatMap((venue) => [
      of(instance, 'connecting', before, { venue, line: 1, activeVenue: null }),
      of(instance, 'connected', before - 1, { venue, line: 1, activeVenue: null }),
    ]);
  const start = (instance: string, before: number) => [
    ...lines(instance, before),
    of(instance, 'failed_over', before - 2, {
      venue: 'bybit',
      reason: 'none → bybit: preferred',
      switch: { from: null, to: 'bybit', lastId: null, lastTimestamp: null, firstId: null, firstTimestamp: null },
    }),
    of(instance, 'trading_resumed', before - 3, { reason: 'the feed is healthy' }),
  ];
  const reason = 'HTTP 400: {"code":-1000,"msg":"An unknown error occured"}';
  const story = [
    ...start('one', 296),
    of('one', 'feed_stale', 280, {
      venue: 'bybit',
      cause: 'socket_dead',
      reason: 'no data from the venue for 5001 ms',
    }),
    of('one', 'trading_halted', 279, { reason: 'bybit is stale' }),
    of('one', 'disconnected', 270, { venue: 'bybit', line: 1, reason: 'silent' }),
    of('one', 'connected', 269, { venue: 'bybit', line: 1 }),
    of('one', 'feed_recovered', 250, { venue: 'bybit' }),
    of('one', 'trading_resumed', 249),
    of('one', 'disconnected', 240, { venue: 'bybit', line: 1, reason }),
    of('one', 'connected', 230, { venue: 'bybit', line: 1 }),
    ...beats('one', 295, 201),
    ...start('two', 160),
    of('two', 'sink_unavailable', 120, { cause: 'file', reason: 'file: ENOSPC' }),
    of('two', 'sink_recovered', 100, { cause: 'file', reason: 'file takes records again' }),
    ...beats('two', 159, 1),
  ].sort((a, b) => a.timestamp - b.timestamp);
  const counts = new Map<string, number>();
  return story.map((record) => {
    const sequence = (counts.get(record.instance) ?? 0) + 1;
    counts.set(record.instance, sequence);
    return { ...record, sequence };
  });
}

/** A gateway whose feed goes on to send heartbeats until `die` is called. */
async function scriptedGateway() {
  const { url, publish } = await gatewayUnderTest(
    {},
    { dashboardDir: join(root, 'dist/dashboard'), wallClockMs: Date.now },
  );
  publish(...past(Date.now()), price('64902.1', { receivedAt: Date.now() * 1000 }));
  let sequence = 1000;
  const beat = () =>
    publish(heartbeat(ALIVE, { instance: 'two', sequence: sequence++, timestamp: Date.now(), activeVenue: 'bybit' }));
  const beating = setInterval(beat, 500);
  onTestFinished(() => clearInterval(beating));
  beat();
  return { url, die: () => clearInterval(beating) };
}

async function open(url: string, theme: Theme = 'dark'): Promise<Page> {
  const { page, errors } = await openDashboard(context, url, { theme });
  onTestFinished(async () => {
    await page.close();
    expect(errors.filter((error) => !/status of 404 .*\/api\/assets\//.test(error))).toEqual([]);
  });
  await page.locator('.panel-timeline .lane-label', { hasText: 'file' }).waitFor();
  return page;
}

/** The titles of a lane's bars, without times, in order of time. */
async function barsOf(page: Page, lane: string): Promise<string[]> {
  const titles = await page.locator('.timeline rect title').allTextContents();
  const own = titles.flatMap((title) => /^(.+?): (.+), (\d\d:\d\d:\d\d) to /.exec(title)?.slice(1) ?? []);
  const rows = own.flatMap((part, at) => (at % 3 === 0 && part === lane ? [[own[at + 2], own[at + 1]]] : []));
  return rows.sort(([a = ''], [b = '']) => a.localeCompare(b)).map(([, state]) => state ?? '');
}

it('the timeline shows silence, outages, a killed process and a full disk, and then a feed that dies', async () => {
  const { url, die } = await scriptedGateway();
  const page = await open(url);
  // The story begins 296 s ago, so it could leave the span of 5 m during the test.
  await page.getByRole('button', { name: '15 m', exact: true }).click();
  await until(async () => (await barsOf(page, 'bybit')).length === 13);
  expect(await barsOf(page, 'bybit')).toEqual([
    'connecting',
    'stands by',
    'serves',
    'stale, while it was the active venue',
    'down, while it was the active venue',
    'stale, while it was the active venue',
    'serves',
    'down, while it was the active venue',
    'serves',
    'no feed',
    'connecting',
    'stands by',
    'serves',
  ]);
  expect(await barsOf(page, 'Trading')).toEqual([
    'halted',
    'allowed',
    'halted',
    'allowed',
    'no feed',
    'halted',
    'allowed',
  ]);
  expect(await barsOf(page, 'Feed')).toEqual(['alive', 'no feed', 'alive']);
  expect(await barsOf(page, 'file')).toEqual(['up', 'no feed', 'up', 'down', 'up']);
  const events = await page.locator('.panel-events .event').allTextContents();
  expect(events.join('\n')).toMatch(/sink down[\s\S]*feed started[\s\S]*feed lost[\s\S]*stale/);
  expect(events.join('\n')).toContain('no data from the venue for 5.0 s');
  expect(events.join('\n')).toContain('HTTP 400: An unknown error occured');
  expect(events.join('\n')).not.toMatch(/[{}]|5001 ms|connecting/);
  die();
  await until(async () => (await barsOf(page, 'Trading')).at(-1) === 'no feed', { timeoutMs: 15_000 });
  for (const lane of ['Feed', 'bybit', 'binance', 'file']) expect((await barsOf(page, lane)).at(-1)).toBe('no feed');
  await page.locator('.panel-events .event', { hasText: 'feed lost' }).nth(1).waitFor();
});

it('a mark of the timeline leads to its event, by click and by keyboard, and the cursor shows the time', async () => {
  const { url } = await scriptedGateway();
  const page = await open(url);
  const marks = page.locator('.timeline .mark');
  const sizes = await marks.evaluateAll((all) =>
    all.map((mark) => mark.querySelector('rect')?.getBoundingClientRect()),
  );
  for (const size of sizes) expect(Math.min(size?.width ?? 0, size?.height ?? 0)).toBeGreaterThan(23.9);
  await page.locator('.timeline .mark', { hasText: 'file, sink down' }).click();
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
  await until(async () => (await focused()).includes('sink down'));
  await page.mouse.move(0, 0);
  await marks.last().focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  const label = (await page.evaluate(() => document.activeElement?.querySelector('title')?.textContent)) ?? '';
  expect(await page.locator('.cursor text').textContent()).toBe(label.slice(0, 8));
  await page.keyboard.press('Enter');
  await until(async () => (await focused()).startsWith(label.slice(0, 8)));
  await until(async () => (await page.locator('.cursor').count()) === 0);
  await page.keyboard.press('Enter');
  await page.locator('.event details[open] dl').waitFor();
});

it.each(['dark', 'light'] as const)(
  'the legend names each sign, with a contrast of at least 3:1 in the %s scheme',
  async (theme) => {
    const { url } = await scriptedGateway();
    const page = await open(url, theme);
    await page.locator('.legend summary').click();
    const drawn = await page
      .locator('.timeline > div rect[class^="state-"], .timeline > div .mark')
      .evaluateAll((all) => [
        ...new Set(
          all.map((each) =>
            each.classList[0] === 'mark' ? each.querySelector('text')?.textContent : each.classList[0],
          ),
        ),
      ]);
    const named = await page
      .locator('.legend li')
      .evaluateAll((all) =>
        all.map((each) => each.querySelector('rect')?.classList[0] ?? each.querySelector('.sign')?.textContent),
      );
    expect(drawn.filter((sign) => !named.includes(sign))).toEqual([]);
    const colours = await page.locator('.legend rect, .legend .sign').evaluateAll((all) =>
      all.map((each) => {
        const { fill, stroke, color } = getComputedStyle(each);
        return each.tagName === 'rect' ? (fill.startsWith('url') ? stroke : fill) : color;
      }),
    );
    const ground = await page.locator('.legend ul').evaluate((list) => getComputedStyle(list).backgroundColor);
    for (const colour of colours) expect(contrast(colour, ground), colour).toBeGreaterThanOrEqual(3);
    await page.evaluate(axe.source);
    const found = await page.evaluate(async () => {
      const { axe: injected } = globalThis as unknown as { axe: typeof axe };
      const { violations } = await injected.run('.panel-timeline, .panel-events');
      return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
    });
    expect(found).toEqual([]);
  },
);

/** The contrast of two colours, `rgb(r, g, b)`, by WCAG 2. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
      const value = Number(part) / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
