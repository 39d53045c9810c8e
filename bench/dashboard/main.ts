/**
 * Measures the dashboard in Chromium with 2,000 coins and 5,000 trades a second: `node bench/dashboard/main.ts`. Flags:
 * --minutes N (2), --coins N (2000), --rate N (5000). It needs `make dashboard`. The gateway runs in this process. The
 * growth of the heap is a target in runs of at least ten minutes.
 *
 * Other processes of the machine delay a task and the first price, so the targets count CPU time.
 */
import { parseArgs } from 'node:util';
import type { BrowserContext, CDPSession } from 'playwright-core';
import { launchBrowser, openContext, openDashboard } from '../../testing/browser/browser.ts';
import { BusyGateway } from '../../testing/browser/busy-gateway.ts';
import { until } from '../../testing/tools/until.ts';
import { median } from '../measure.ts';
import { reportPart } from '../part.ts';
import { isFlat, type Sample, slopeOf, slopeText } from '../slope.ts';
import { type LongTask, longTasksOf, TRACE_CATEGORIES } from './long-tasks.ts';

const MAX_SHARE = 0.4;
/** Share of the trades asked for that the gateway must get, so that the other targets are about the full load. */
const MIN_RATE_SHARE = 0.9;
const MAX_TASK_MS = 200;
const LONG_MS = 50;
const MAX_FIRST_PRICE_MS = 500;
const LOADS = 7;
const HEAP_READS = 3;
const MINUTE_MS = 60_000;
/** Share of the run that counts as warm-up: code is compiled, histories fill. */
const WARM_UP_SHARE = 1 / 3;
const MIN_MINUTES = 10;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    coins: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '5000' },
  },
});

interface Minute {
  readonly seconds: number;
  /** CPU time of the page's main thread. */
  readonly cpuSeconds: number;
  readonly tradesPerSecond: number;
  readonly heapKb: number;
  readonly nodes: number;
  readonly tasks: readonly LongTask[];
}

const gateway = await BusyGateway.start({ coins: Number(flags.coins), tradesPerSecond: Number(flags.rate) });
const browser = await launchBrowser();
const context = await openContext(browser);
const firstPrices: number[] = [];
for (let load = 0; load < LOADS; load++) firstPrices.push(await firstPriceMs(context));
console.log(`first price after ${firstPrices.map((ms) => ms.toFixed(0)).join(' ')} ms`);

const { page } = await openDashboard(context, gateway.url);
const session = await context.newCDPSession(page);
// The CPU time of the thread, which other processes do not affect.
await session.send('Performance.enable', { timeDomain: 'threadTicks' });
const minutes: Minute[] = [];
for (let at = 1; at <= Number(flags.minutes); at++) {
  const minute = await measureMinute(session);
  minutes.push(minute);
  console.log(`minute ${at}: ${minuteText(minute)}`);
}
await browser.close();
await gateway.close();

const tasks = minutes.flatMap((minute) => minute.tasks);
const share = sum(minutes.map(({ cpuSeconds }) => cpuSeconds)) / sum(minutes.map(({ seconds }) => seconds));
const askedRate = Number(flags.rate);
const rate = median(minutes.map(({ tradesPerSecond }) => tradesPerSecond));
const longest = Math.max(0, ...tasks.map(({ cpuMs }) => cpuMs));
const heap = slopeOf(minutes.map(heapSample).slice(Math.floor(minutes.length * WARM_UP_SHARE)));
const judgesHeap = minutes.length >= MIN_MINUTES;
await reportPart({
  title: 'Dashboard',
  text: [
    `${flags.coins} coins, ${flags.rate} trades a second, ${flags.minutes} minutes`,
    ...(judgesHeap ? [`heap after garbage collection: ${slopeText(heap, 'kB', 'minute')}`] : []),
    `first price after ${median(firstPrices).toFixed(0)} ms, in the median of ${LOADS} loads; aim: ${MAX_FIRST_PRICE_MS} ms`,
    taskText(LONG_MS),
    taskText(MAX_TASK_MS),
  ].join('\n'),
  targets: [
    {
      measured: 'trades a second that the gateway got, in the median of the minutes',
      found: rate.toFixed(0),
      target: `> ${(MIN_RATE_SHARE * askedRate).toFixed(0)}`,
      met: rate > MIN_RATE_SHARE * askedRate,
    },
    {
      measured: 'share of a core that the main thread uses',
      found: percent(share),
      target: `< ${percent(MAX_SHARE)}`,
      met: share < MAX_SHARE,
    },
    {
      measured: 'CPU of the longest task',
      found: `${longest.toFixed(0)} ms`,
      target: `≤ ${MAX_TASK_MS} ms`,
      met: longest <= MAX_TASK_MS,
    },
    ...(judgesHeap
      ? [
          {
            measured: 'growth of the heap',
            found: `${heap.median.toFixed(1)} kB a minute`,
            target: 'none',
            met: isFlat(heap),
          },
        ]
      : []),
  ],
});

/** Opens the page in a new tab. Returns the time from the navigation to the frame with the first price, milliseconds. */
async function firstPriceMs(within: BrowserContext): Promise<number> {
  const tab = await within.newPage();
  await tab.setViewportSize({ width: 1440, height: 900 });
  await tab.addInitScript(() => {
    const watch = new MutationObserver(() => {
      if (document.querySelector('.coins .price')?.textContent?.match(/\d/) == null) return;
      watch.disconnect();
      requestAnimationFrame(() => performance.mark('first price'));
    });
    watch.observe(document, { childList: true, subtree: true });
  });
  await tab.goto(gateway.url);
  const mark = () => tab.evaluate(() => performance.getEntriesByName('first price')[0]?.startTime ?? 0);
  const at = await until(mark, { message: 'the first price' });
  await tab.close();
  return at;
}

async function measureMinute(cdp: CDPSession): Promise<Minute> {
  const before = await read(cdp);
  await browser.startTracing(page, { categories: TRACE_CATEGORIES });
  await until(() => performance.now() - before.atMs > MINUTE_MS, { everyMs: 250, timeoutMs: 2 * MINUTE_MS });
  const after = await read(cdp);
  const trace = await browser.stopTracing();
  const seconds = (after.atMs - before.atMs) / 1000;
  // A message that waits counts as used, so the lowest value is nearest to the truth.
  const heaps: number[] = [];
  for (let at = 0; at < HEAP_READS; at++) {
    await cdp.send('HeapProfiler.collectGarbage');
    heaps.push((await cdp.send('Runtime.getHeapUsage')).usedSize);
  }
  const { nodes } = await cdp.send('Memory.getDOMCounters');
  return {
    seconds,
    cpuSeconds: after.taskSeconds - before.taskSeconds,
    tradesPerSecond: (after.trades - before.trades) / seconds,
    heapKb: Math.min(...heaps) / 1000,
    nodes,
    tasks: longTasksOf(trace.toString(), LONG_MS),
  };
}

async function read(cdp: CDPSession) {
  const { metrics } = await cdp.send('Performance.getMetrics');
  const taskSeconds = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  return { atMs: performance.now(), taskSeconds, trades: gateway.trades };
}

function minuteText({ cpuSeconds, seconds, tradesPerSecond, heapKb, nodes, tasks: long }: Minute): string {
  const lines = long
    .filter(({ cpuMs }) => cpuMs > LONG_MS)
    .map(({ cpuMs, parts }) => `\n  a task of ${cpuMs.toFixed(0)} ms of CPU: ${parts.join(', ')}`);
  return `${percent(cpuSeconds / seconds)} of a core at ${tradesPerSecond.toFixed(0)} trades a second, heap ${heapKb.toFixed(0)} kB, ${nodes} nodes${lines.join('')}`;
}

function heapSample({ heapKb }: Minute, at: number): Sample {
  return { at, value: heapKb };
}

function taskText(ms: number): string {
  const byTime = tasks.filter(({ wallMs }) => wallMs > ms).length;
  const byCpu = tasks.filter(({ cpuMs }) => cpuMs > ms).length;
  return `tasks of more than ${ms} ms: ${byTime}, of which ${byCpu} used as much CPU`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
