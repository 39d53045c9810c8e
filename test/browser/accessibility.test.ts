import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ServerMessage } from '../../src/gateway/api/stream-messages.ts';
import { openContext, openDashboard, sharedBrowser } from '../../testing/browser/browser.ts';
import { BusyGateway } from '../../testing/browser/busy-gateway.ts';
import { lowContrast } from './low-contrast.ts';

/* Contrast in all states of the feed, use by keyboard alone, and reduced motion: on one page, in this order. */

let context: BrowserContext;
let gateway: BusyGateway;
let page: Page;

beforeAll(async () => {
  gateway = await BusyGateway.start({ coins: 20, tradesPerSecond: 100 });
  context = await openContext(await sharedBrowser());
  ({ page } = await openDashboard(context, gateway.url, { change: withStaleCoins }));
  await page.locator('.ladder .bids tr').first().waitFor();
  await page.locator('.tape tbody tr').first().waitFor();
  await page.locator('.minute-unexplained').first().waitFor();
});

afterAll(async () => {
  await context?.close();
  await gateway?.close();
});

/** Makes every other coin stale, the selected one too. */
function withStaleCoins(message: ServerMessage): ServerMessage {
  if (message.type !== 'overview') return message;
  const coins = message.data.coins.map((coin, at) => ({ ...coin, stale: at % 2 === 0 }));
  return { ...message, data: { ...message.data, coins } };
}

/** The texts and borders with too little contrast, by theme. */
async function lowContrasts(): Promise<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {};
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`:root[data-theme="${colorScheme}"]`).waitFor();
    found[colorScheme] = await page.evaluate(lowContrast);
  }
  return found;
}

it('the search for low contrast finds a faint text', async () => {
  await page.evaluate(() => {
    const faint = document.createElement('p');
    faint.id = 'faint';
    faint.textContent = 'faint';
    faint.style.cssText = 'color: #777; background: #888';
    document.body.append(faint);
  });
  expect(await page.evaluate(lowContrast)).toContainEqual(expect.stringContaining('faint'));
  await page.evaluate(() => document.querySelector('#faint')?.remove());
});

it('moves nothing if the system asks for reduced motion', async () => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll('*')].flatMap((element) => {
      const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element);
      const isStill = animationName === 'none' && /^0s(?:, 0s)*$/.test(transitionDuration) && scrollBehavior === 'auto';
      return isStill ? [] : element.outerHTML.slice(0, 80);
    }),
  );
  expect(moving).toEqual([]);
});

it('reaches every control with the Tab key alone', async () => {
  const missed = new Set(
    await page.evaluate(() => {
      const controls = document.querySelectorAll<HTMLElement>(
        'a[href], button, input, select, summary, [tabindex="0"]',
      );
      return [...controls]
        .filter((element) => element.tabIndex >= 0 && element.checkVisibility() && !element.matches(':disabled'))
        .map((element, at) => {
          element.dataset.control = `${at} ${element.textContent?.slice(0, 20)}`;
          return element.dataset.control;
        });
    }),
  );
  expect(missed.size).toBeGreaterThan(30);
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    const reached: (string | undefined)[] = [];
    Object.assign(globalThis, { reached });
    document.addEventListener('focusin', ({ target }) => reached.push((target as HTMLElement).dataset.control));
  });
  for (let presses = missed.size + 10; presses > 0; presses--) await page.keyboard.press('Tab');
  for (const control of await page.evaluate(() => (globalThis as unknown as { reached: string[] }).reached))
    missed.delete(control);
  expect([...missed]).toEqual([]);
});

it('has enough contrast while coins are stale', async () => {
  await page.locator('.panel-candles.is-stale').waitFor();
  expect(await lowContrasts()).toEqual({ dark: [], light: [] });
});

it('has enough contrast while trading is halted', async () => {
  gateway.halt('binance is not connected');
  await page.locator('.badge.is-bad', { hasText: 'halted' }).waitFor();
  expect(await lowContrasts()).toEqual({ dark: [], light: [] });
});

it('has enough contrast while the page is offline', async () => {
  await gateway.close();
  await page.locator('.app.is-lost').waitFor();
  expect(await lowContrasts()).toEqual({ dark: [], light: [] });
});
