import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { openContext, openDashboard, sharedBrowser } from '../../testing/browser/browser.ts';
import { until } from '../../testing/tools/until.ts';
import { type Sample, samplesOf, startSampling, Truth } from './page-samples.ts';
import { RecordedFeed, type RecordedFeedOptions } from './recorded-feed.ts';
import { slowPath } from './slow-path.ts';

/*
 * What the page says during a fault of a real feed, compared each second with the records that the feed published in
 * that second.
 */

let context: BrowserContext;

beforeAll(async () => {
  context = await openContext(await sharedBrowser());
});

afterAll(() => context?.close());

interface Stage {
  readonly feed: RecordedFeed;
  /** Waits until the page said this `count` times, once a second, after what was seen before. */
  readonly seen: (pattern: RegExp, count?: number) => Promise<void>;
  /** Closes the connections between the page and the gateway. */
  readonly cut: () => void;
}

interface Row {
  readonly fault: string;
  readonly feed?: RecordedFeedOptions;
  /** How long the way from the page to the gateway and back takes, milliseconds. */
  readonly roundTripMs?: number;
  /** Begins the fault, waits for what the page must say, and ends the fault. */
  readonly play: (stage: Stage) => Promise<void>;
}

const HEALTHY = /^trading allowed \| venue bybit.* Trading: allowed/;

const ROWS: readonly Row[] = [
  {
    fault: 'all venues are down',
    async play({ feed, seen }) {
      feed.simulator.fault({ venue: 'all', fault: 'refuse', status: 503 });
      await seen(/^trading halted: .* venue none \(last: bybit.* ■ HALTED.* bybit: down.* binance: down/, 4);
      feed.simulator.clearFaults();
      await seen(/^trading allowed/, 2);
    },
  },
  {
    fault: 'the active venue is silent',
    async play({ feed, seen }) {
      feed.simulator.fault({ venue: 'bybit', fault: 'silence_without_pong' });
      await seen(/^trading allowed \| venue binance.* instead of bybit.* bybit: (?:stale|down)/, 5);
      feed.simulator.clearFaults();
      await seen(HEALTHY, 2);
    },
  },
  {
    fault: 'the process is killed, and starts again',
    async play({ feed, seen }) {
      await feed.kill();
      await seen(/^trading unknown: .* \? UNKNOWN.* Trading: unknown/, 6);
      await feed.restart();
      await seen(HEALTHY, 2);
    },
  },
  {
    fault: 'the feed behind a stand-alone gateway is killed, and starts again',
    feed: { standAlone: true },
    async play({ feed, seen }) {
      await feed.kill();
      await seen(/^trading unknown: no heartbeat .* \? UNKNOWN.* Trading: no feed.* bybit: no feed/, 4);
      await feed.restart();
      await seen(HEALTHY, 2);
    },
  },
  {
    fault: 'the page reconnects over a round trip of 600 ms',
    roundTripMs: 600,
    async play({ seen, cut }) {
      for (let times = 0; times < 3; times++) {
        cut();
        await seen(/^trading unknown/);
        await seen(HEALTHY);
      }
    },
  },
  {
    fault: 'the disk is full',
    async play({ feed, seen }) {
      feed.diskIsFull = true;
      await seen(/^trading allowed .* sink file is down: ENOSPC.* ▽ SINK DOWN.* file: down/, 4);
      feed.diskIsFull = false;
      await seen(/file: up/, 2);
    },
  },
  {
    fault: 'malformed frames',
    async play({ feed, seen }) {
      feed.simulator.fault({ venue: 'bybit', fault: 'malformed', count: 40 });
      await seen(/\d+ dead letters/, 3);
    },
  },
  {
    fault: '20 gaps that cannot be repaired',
    feed: { venues: ['binance'], allCoins: true },
    async play({ feed, seen }) {
      feed.simulator.fault({ venue: 'binance', fault: 'refuse_rest' });
      for (const symbol of feed.symbols)
        feed.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol, count: 3 });
      await seen(/20 gaps/, 2);
    },
  },
  {
    fault: 'a link that carries less than is sent',
    async play({ feed, seen }) {
      feed.simulator.fault({ venue: 'bybit', fault: 'slow_trickle', count: 10_000 });
      await seen(/^trading allowed \| venue binance.* instead of bybit.* bybit: stale/, 8);
      feed.simulator.clearFaults();
      await seen(HEALTHY, 2);
    },
  },
];

it.each(ROWS)(
  'says each second what the records say: $fault',
  async ({ play, feed: options = {}, roundTripMs = 0 }) => {
    await using feed = await RecordedFeed.start(options);
    const path = roundTripMs === 0 ? undefined : await slowPath(feed.url, roundTripMs / 2);
    const { page } = await openDashboard(context, path?.url ?? feed.url);
    onTestFinished(() => page.close());
    // The lanes are drawn when the past events have come.
    await page.locator('.timeline rect title').first().waitFor({ state: 'attached' });
    await startSampling(page);
    let from = 0;
    const seen = async (pattern: RegExp, count = 1) => {
      let last: Sample | undefined;
      const hasSaid = async () => {
        const samples = await samplesOf(page);
        last = samples.at(-1);
        const at = samples.flatMap((sample, index) => (index >= from && pattern.test(textOf(sample)) ? [index] : []));
        from = at[count - 1] ?? from;
        return at.length >= count;
      };
      await until(hasSaid, {
        everyMs: 500,
        timeoutMs: 60_000,
        message: () => `the page says ${pattern}; it says ${textOf(last)}; records:\n${feed.story()}`,
      });
    };
    const cut = () => {
      feed.offline.push({ from: Date.now(), to: Date.now() });
      path?.cut();
    };
    await seen(/^trading allowed .* Trading: allowed/, 2);
    await play({ feed, seen, cut });
    const samples = await samplesOf(page);
    const truth = new Truth(feed, roundTripMs);
    const wrong = samples.flatMap((sample) =>
      truth.problems(sample).map((problem) => `${new Date(sample.at).toISOString().slice(11, 23)} ${problem}`),
    );
    expect(wrong, `${samples.map(textOf).join('\n')}\n${feed.story()}`).toEqual([]);
  },
  180_000,
);

/** The sample in one row. */
function textOf(sample: Sample | undefined): string {
  if (sample === undefined) return '';
  const lanes = Object.entries(sample.lanes).map(([lane, state]) => `${lane}: ${state}`);
  return [sample.trading.replace(/^\W+/, ''), sample.venue, ...sample.parts, sample.title, ...lanes].join(' | ');
}
