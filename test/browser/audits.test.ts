import { join } from 'node:path';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { Audit } from '../../src/domain/record.ts';
import { openContext, openDashboard, sharedBrowser } from '../../testing/browser/browser.ts';
import { heartbeat, NOW, price } from '../../testing/records/gateway-records.ts';
import { sampleAudit } from '../../testing/records/sample-records.ts';
import { root } from '../../testing/tools/tools.ts';
import { gatewayUnderTest } from '../gateway/gateway-under-test.ts';

/* The strip that shows of each of the last 120 minutes whether the coin's trades are complete. */

/** The start of the last minute that is over: 23:53 UTC. */
const LAST = Math.floor(NOW / 60_000) * 60_000 - 60_000;

let context: BrowserContext;

beforeAll(async () => {
  context = await openContext(await sharedBrowser());
});
afterAll(() => context?.close());

/** The audit of a minute at this many minutes before the last one. */
const audit = (before: number, changes: Partial<Audit> = {}): Audit =>
  sampleAudit({
    venue: 'bybit',
    symbol: 'BTCUSDT',
    epoch: 1,
    minute: LAST - before * 60_000,
    trades: 1234,
    backfilled: 0,
    ...changes,
  });

async function open(...audits: readonly Audit[]) {
  const gateway = await gatewayUnderTest({}, { dashboardDir: join(root, 'dist/dashboard') });
  gateway.publish(heartbeat(), price('100'), ...audits);
  const beat = setInterval(() => gateway.publish(heartbeat()), 500);
  onTestFinished(() => clearInterval(beat));
  const { page } = await openDashboard(context, gateway.url);
  onTestFinished(() => page.close());
  return { page, publish: gateway.publish };
}

const eventually = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 15_000 });
const textOf = async (locator: Locator) => (await locator.textContent())?.replaceAll(/\s+/g, ' ').trim();
const summary = (page: Page) => textOf(page.locator('.audits-text p').first());
const described = (page: Page) => textOf(page.locator('.audits-minute'));
const bars = (page: Page) => page.locator('.audits-bars');

it('counts the minutes by verdict, and shows when a gap is healed', async () => {
  const gap = audit(1, { verdict: 'gap', reason: 'trades are missing: see gaps' });
  const { page, publish } = await open(audit(3), audit(2), gap, audit(0));
  await eventually(() => summary(page)).toBe('3 of 4 minutes proven, 1 with a gap');
  publish(audit(1, { revision: 1, backfilled: 56 }));
  await eventually(() => summary(page)).toBe('3 of 4 minutes proven, 1 healed');
});

it('describes each minute in words, for the pointer, the keyboard and a screen reader', async () => {
  const reason = '1,234 trades, the candle has 1,235';
  const { page } = await open(
    audit(119, { verdict: 'agrees' }),
    audit(1, { verdict: 'unexplained', reason }),
    audit(0),
  );
  await eventually(() => bars(page).getAttribute('aria-valuetext')).toBe('23:53: proven, 1,234 trades');
  await bars(page).focus();
  for (const key of ['ArrowLeft', 'ArrowLeft']) await page.keyboard.press(key);
  await eventually(() => described(page)).toBe(`23:52: unexplained, 1,234 trades: ${reason}`);
  expect(await bars(page).getAttribute('aria-valuetext')).toBe(await described(page));
  await page.keyboard.press('Home');
  await eventually(() => described(page)).toBe("21:54: agrees with the venue's candle, 1,234 trades");
  await page.keyboard.press('ArrowRight');
  await eventually(() => described(page)).toBe('21:55: no audit, because no trade came or the feed did not run');
  await page.keyboard.press('Tab');
  expect(await page.locator('.audits-minute').count()).toBe(0);
  const { x, y, width, height } = (await bars(page).boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  await page.mouse.move(x + width - 2, y + height / 2);
  await eventually(() => described(page)).toBe('23:53: proven, 1,234 trades');
});

it('has two rows on a phone, in which a finger finds each minute', async () => {
  const { page } = await open(audit(60, { trades: 7 }), audit(0));
  await page.setViewportSize({ width: 390, height: 844 });
  await bars(page).scrollIntoViewIfNeeded();
  await eventually(async () => (await bars(page).boundingBox())?.height ?? 0).toBeGreaterThan(40);
  const { x, y, width } = (await bars(page).boundingBox()) ?? { x: 0, y: 0, width: 0 };
  await page.mouse.move(x + width - 2, y + 10);
  await eventually(() => described(page)).toBe('22:53: proven, 7 trades');
});
