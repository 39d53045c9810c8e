import { fileURLToPath } from 'node:url';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { BookDelta, FeedRecord } from '../../src/domain/record.ts';
import type { ServerMessage } from '../../src/gateway/api/stream-messages.ts';
import { openContext, openDashboard, sharedBrowser } from '../../testing/browser/browser.ts';
import { gapRecord } from '../../testing/judges/events.ts';
import {
  bookDelta,
  heartbeat,
  largeTrade,
  NOW,
  orderBook,
  price,
  status,
  trade,
  tradeStats,
} from '../../testing/records/gateway-records.ts';
import { gatewayUnderTest } from '../gateway/gateway-under-test.ts';
import { SNAPSHOT } from '../gateway/status-snapshot.ts';

let context: BrowserContext;

beforeAll(async () => {
  context = await openContext(await sharedBrowser());
});

afterAll(() => context?.close());

const level = (cents: number, quantity = '1') => ({ price: (cents / 100).toFixed(2).replace(/\.?0+$/, ''), quantity });
/** 200 levels a side, a cent apart, with a spread of 0.02 around 100. */
const BIDS = Array.from({ length: 200 }, (_, at) => level(9999 - at));
const ASKS = Array.from({ length: 200 }, (_, at) => level(10_001 + at));
const BOOK: readonly FeedRecord[] = [
  bookDelta({ snapshot: true, lastUpdateId: '10', bids: BIDS, asks: ASKS }),
  orderBook({ updateId: '10', bids: BIDS.slice(0, 50), asks: ASKS.slice(0, 50) }),
];
const change = (id: number, fields: Partial<BookDelta>): BookDelta =>
  bookDelta({ previousUpdateId: String(id - 1), lastUpdateId: String(id), ...fields });

const GAP = gapRecord({
  venue: 'bybit',
  environment: 'simulated',
  ...{ fromId: '2', toId: '3', fromTime: NOW - 198, toTime: NOW - 197, missing: 4 },
});

const INSTRUMENT: FeedRecord = {
  kind: 'instrument',
  ...{ venue: 'bybit', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT', coin: 'BTC', quote: 'USDT', status: 'trading' },
  ...{ tickSize: '0.01', lotStep: '0.1', minQuantity: null, minValue: null, multiplier: null },
  ...{ receivedAt: NOW * 1000, environment: 'simulated' },
};

/** A page of a gateway with a live heartbeat, a price and these records. */
async function pageOf(records: readonly FeedRecord[], change?: (message: ServerMessage) => ServerMessage) {
  const dashboardDir = fileURLToPath(new URL('../../dist/dashboard/', import.meta.url));
  const gateway = await gatewayUnderTest({}, { dashboardDir });
  gateway.publish(heartbeat(), price('100'), ...records);
  const beat = setInterval(() => gateway.publish(heartbeat()), 500);
  onTestFinished(() => clearInterval(beat));
  const { page, errors } = await openDashboard(context, gateway.url, change === undefined ? {} : { change });
  onTestFinished(() => page.close());
  return { ...gateway, page, errors };
}

/** Repeats until the value is the expected one. */
const eventually = <T>(value: () => Promise<T>) => expect.poll(value, { timeout: 20_000 });
const textsOf = async (at: Locator) => (await at.allTextContents()).map((text) => text.trim());
const bids = (page: Page) => textsOf(page.locator('.bids td:first-child'));

it('the order book follows single changes, with the last price in the middle', async () => {
  const { page, publish, errors } = await pageOf(BOOK);
  await eventually(() => bids(page)).toEqual(BIDS.slice(0, 12).map(({ price }) => Number(price).toFixed(2)));
  expect(await page.locator('.last-price').textContent()).toContain('100');
  publish(change(11, { bids: [level(9999, '0'), level(9998, '2.5')] }), price('100.01', { timestamp: NOW }));
  await eventually(async () => (await textsOf(page.locator('.bids tr').first().locator('td')))[0]).toBe('99.98');
  expect(await textsOf(page.locator('.bids tr').first().locator('td'))).toEqual(['99.98', '2.5', '2.5']);
  await eventually(() => page.locator('.last-price.is-up').textContent()).toContain('100.01▲');
  expect(errors).toEqual([]);
});

it('the order book sums its levels in steps of the tick size, in the coin or the quote asset', async () => {
  const { page } = await pageOf([INSTRUMENT, ...BOOK]);
  const step = page.getByLabel('Step');
  await eventually(() => textsOf(step.locator('option'))).toEqual(['0.01', '0.1']);
  await step.selectOption('0.1');
  await eventually(() => bids(page)).toContain('99.9');
  const [first, second] = await Promise.all([
    textsOf(page.locator('.bids tr').nth(0).locator('td')),
    textsOf(page.locator('.bids tr').nth(1).locator('td')),
  ]);
  expect([first, second]).toEqual([
    ['99.9', '10', '10'],
    ['99.8', '10', '20'],
  ]);
  expect(await page.locator('.bids tr').count()).toBe(12);
  await page.getByRole('button', { name: 'USDT', exact: true }).click();
  expect(await textsOf(page.locator('.bids tr').nth(0).locator('td'))).toEqual(['99.9', '999', '999']);
});

it('the note of a stale book leaves all controls in the panel', async () => {
  const { page, publish } = await pageOf(BOOK);
  await page.locator('.bids td').first().waitFor();
  publish(orderBook({ updateId: '10', bids: BIDS.slice(0, 50), asks: ASKS.slice(0, 50), stale: true }));
  await page.locator('.panel-ladder .stale-note').waitFor();
  const panel = await page.locator('.panel-ladder').boundingBox();
  for (const control of await page.locator('.panel-ladder :is(button, select, .stale-note)').all()) {
    const box = await control.boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThan((panel?.x ?? 0) + (panel?.width ?? 0));
  }
});

it('time and sales marks large trades, gaps and missed trades, and keeps its digits aligned', async () => {
  const missed: ServerMessage = { type: 'missed', data: { channel: 'trades', symbol: 'BTCUSDT', count: 37 } };
  const { page, publish } = await pageOf([trade(1), trade(2)], (message) =>
    message.type === 'stats' ? missed : message,
  );
  // From the first trades on, the page is subscribed.
  await page.locator('.tape tbody tr').first().waitFor();
  publish(trade(3), largeTrade(3), trade(4), GAP);
  await page.locator('.tape tr.is-large .chip').waitFor();
  publish(status('gap_unrepaired'));
  await page.locator('.tape-mark.is-gap').waitFor();
  publish(tradeStats(0));
  await page.locator('.tape-mark.is-missed').waitFor();
  publish(trade(5));
  const rows = () => textsOf(page.locator('.tape tbody tr'));
  await eventually(async () => (await rows()).map((text) => /20×|(?:\d+ )?trades.*/.exec(text)?.[0] ?? '')).toEqual([
    '',
    '37 trades left out: page too slow',
    '',
    '20×',
    '4 trades missing',
    '',
    '',
  ]);
  const weights = await page
    .locator('.tape tbody tr td:nth-child(4)')
    .evaluateAll((cells) => [...new Set(cells.map((cell) => getComputedStyle(cell).fontWeight))]);
  expect(weights).toEqual(['400']);
  const overflow = await page.locator('.panel-tape .scroll').evaluate((list) => list.scrollWidth - list.clientWidth);
  expect(overflow).toBe(0);
});

it('time and sales filters by size, and stands still on request while it counts what waits', async () => {
  const { page, publish } = await pageOf([1, 2, 3, 4].map((id) => trade(id, { quantity: `${id}`, price: '100' })));
  const sizes = () => textsOf(page.locator('.tape tbody td:nth-child(4)'));
  publish(trade(5, { quantity: '5', price: '100' }));
  await eventually(sizes).toEqual(['5', '4', '3', '2', '1']);
  await page.getByLabel('Least size in BTC').fill('3');
  await eventually(sizes).toEqual(['5', '4', '3']);
  await page.getByRole('button', { name: 'Freeze' }).click();
  publish(trade(6, { quantity: '6', price: '100' }), trade(7, { quantity: '1', price: '100' }));
  const button = page.locator('.panel-tape .freeze');
  await eventually(() => button.textContent()).toContain('1 wait');
  expect(await sizes()).toEqual(['5', '4', '3']);
  await button.click();
  await eventually(sizes).toEqual(['6', '5', '4', '3']);
  await page.locator('.panel-tape .scroll').hover();
  publish(trade(8, { quantity: '8', price: '100' }));
  await eventually(() => button.textContent()).toContain('1 wait');
  await page.mouse.move(1, 1);
  await eventually(sizes).toEqual(['8', '6', '5', '4', '3']);
});

it("shows each venue's price of the selected coin, and a dash where it is unknown", async () => {
  const { page, look } = await pageOf([status('connected', { venue: 'binance' })]);
  const differences = () => textsOf(page.locator('.venue-price'));
  await eventually(async () => new Set(await differences())).toEqual(new Set(['– bp']));
  look(SNAPSHOT);
  await eventually(differences).toEqual(['serves', '+1.0 bp', '– bp']);
});
