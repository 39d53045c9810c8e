import { type Browser, type BrowserContext, type Page, chromium as playwright } from 'playwright-core';
import { mergeOverview } from '../../dashboard/feed/merge-overview.ts';
import type { Status } from '../../src/gateway/api/feed-answers.ts';
import type { ServerMessage } from '../../src/gateway/api/stream-messages.ts';
import { chromium } from '../tools/chromium.ts';

export type Theme = 'light' | 'dark';

/** A Chromium with an empty profile that makes no requests of its own. */
export async function launchBrowser(): Promise<Browser> {
  return playwright.launch({
    executablePath: await chromium(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // The pages of a context share a process, because a start of one costs a third of opening a page.
      '--renderer-process-limit=1',
    ],
  });
}

let shared: Promise<Browser> | undefined;

/**
 * The Chromium of this process: the test files that run in it share one. It ends with the process. After a failure, the
 * next call starts another.
 */
export function sharedBrowser(): Promise<Browser> {
  shared ??= launchBrowser().then(
    (browser) => browser.once('disconnected', forgetBrowser),
    (error) => {
      forgetBrowser();
      throw error;
    },
  );
  return shared;
}

function forgetBrowser(): void {
  shared = undefined;
}

export interface WatchedPage {
  readonly page: Page;
  /** Errors in the console, and uncaught exceptions. */
  readonly errors: string[];
  /** Hosts that the page sent requests to. */
  readonly hosts: Set<string>;
}

export interface PageOptions {
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
  /** Replaces a message of the gateway; undefined drops it. It gets the overview as a whole. */
  readonly change?: (message: ServerMessage) => ServerMessage | undefined;
}

/** Opens a browser context with an empty page. Tests share it, because each new context first opens a window. */
export async function openContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext();
  await context.newPage();
  return context;
}

/** The text of each element that the selector finds. */
export const textsOf = (page: Page, selector: string): Promise<string[]> => page.locator(selector).allTextContents();

/** The text of the one element that the selector finds. */
export const textOf = (page: Page, selector: string): Promise<string | null> => page.locator(selector).textContent();

/** Opens the address in a new page and waits for the first price and the panels that follow it. */
export async function openDashboard(
  context: BrowserContext,
  url: string,
  options: PageOptions = {},
): Promise<WatchedPage> {
  const { theme = 'dark', width = 1440, height = 900, change } = options;
  const page = await context.newPage();
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize({ width, height });
  const errors: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
  if (change !== undefined)
    await page.routeWebSocket(/\/ws\//, (socket) => {
      const gateway = socket.connectToServer();
      let overview: Status | undefined;
      gateway.onMessage((text) => {
        const given = JSON.parse(String(text)) as ServerMessage;
        if (given.type === 'overview_changes') overview = mergeOverview(overview, given.data);
        const message = change(
          given.type === 'overview_changes' ? { type: 'overview', data: overview as Status } : given,
        );
        if (message !== undefined)
          socket.send(JSON.stringify(message.type === 'overview' ? wholeOf(message.data) : message));
      });
    });
  await page.goto(url);
  await page.locator('.coins tbody tr .price').first().waitFor();
  await page.locator('.panel-events').waitFor();
  return { page, errors, hosts };
}

/** A message of the page's channel that replaces the whole overview. */
function wholeOf({ coins, ...rest }: Status): ServerMessage {
  const data = { ...rest, coin_count: coins.length, coins: coins.map((coin, index) => ({ index, ...coin })) };
  return { type: 'overview_changes', data };
}
