import { computed, effect, signal } from '@preact/signals';
import type { Klines } from '../../src/gateway/api/asset-answers.ts';
import type { KlineJson } from '../../src/gateway/api/record-schema.ts';
import { askOfSelected, getOfSelected, isPresent } from '../coin/of-selected.ts';
import type { Asked } from '../link/get-json.ts';
import { onFrame } from '../page/on-frame.ts';
import { feedTime } from '../page/page-clock.ts';
import { withLive } from './candle-legend.ts';
import { canBeMade, type Interval } from './interval.ts';
import { MOST_CANDLES, mergeCandles, newestLack } from './merge-candles.ts';

/** Number of candles in one request. */
const CANDLES = 500;
/** Milliseconds before REST is asked again for candles that it did not have. */
const ASK_AGAIN_MS = 60_000;
/** Milliseconds before a refused request for older candles is repeated. */
const RETRY_OLDER_MS = 5000;
/** A request for the newest candles asks for those before a time this far ahead: the clocks may differ. */
const AHEAD_MS = 60_000;

/** The candles before the oldest one on the page. */
export type OlderCandles =
  | { readonly state: 'some' }
  | { readonly state: 'loading' }
  | { readonly state: 'refused'; readonly reason: string; readonly at: number }
  | { readonly state: 'none' };

const SOME: OlderCandles = { state: 'some' };

export const interval = signal<Interval>('1m');
/** Whether there are candles before the oldest one of `candles`, as far as the page knows. */
export const older = signal<OlderCandles>(SOME);
/** Intervals of the candles that came from the stream since the coin or its epoch began. */
const received = signal<ReadonlySet<string>>(new Set());

const known = signal<readonly KlineJson[]>([]);
const live = signal<KlineJson | undefined>(undefined);
/** The selected coin's candles of `interval`, oldest first. */
export const candles = computed(() => withLive(known.value, live.value));

/** Candles are requested from REST only after the first one of the stream, because the gateway then has the coin. */
let pastAsked = false;
let pastKnown = false;
let lackAsked = { before: Number.NEGATIVE_INFINITY, at: 0 };
let newCandles: readonly KlineJson[] = [];

const paint = onFrame(() => {
  known.value = mergeCandles(known.peek(), newCandles.filter(isPresent));
  newCandles = [];
});

export function startCandles(): void {
  effect(() => {
    pastAsked = canBeMade(interval.value, received.peek());
    pastKnown = false;
    forgetCandles(() => true);
    if (pastAsked) void loadNewest();
  });
}

/** After this call, the next candle from the stream causes a fetch of the earlier candles. */
export function candlesBeginAnew(): void {
  pastAsked = false;
  pastKnown = false;
  received.value = new Set();
}

export function forgetCandles(isOver: (kline: KlineJson) => boolean): void {
  newCandles = newCandles.filter((kline) => !isOver(kline));
  const kept = known.peek().filter((kline) => !isOver(kline));
  if (kept.length === known.peek().length && kept.length > 0) return;
  known.value = kept;
  live.value = undefined;
  older.value = SOME;
}

/** Accepts candles of the current epoch, of any interval. */
export function receiveCandles(klines: readonly KlineJson[]): void {
  const newest = klines.at(-1);
  if (newest === undefined) return;
  const isNew = klines.some((kline) => !received.peek().has(kline.interval));
  if (isNew) received.value = new Set([...received.peek(), ...klines.map((kline) => kline.interval)]);
  live.value = newest;
  newCandles = mergeCandles(
    newCandles,
    klines.filter((kline) => kline.interval === interval.peek()),
  );
  paint();
  if (pastAsked || !canBeMade(interval.peek(), received.peek())) return;
  pastAsked = true;
  void loadNewest();
}

/** Why an interval has no candles; undefined if it has some, or nothing is known yet. */
export function whyNoCandles(wanted: Interval): string | undefined {
  if (received.value.size === 0 || canBeMade(wanted, received.value)) return undefined;
  return `The feed has no candles of ${wanted} or shorter, only of ${[...received.value].join(', ')}`;
}

/** Loads the candles before the oldest one, unless there are none or they are being loaded. */
export async function loadOlder(): Promise<void> {
  const [oldest] = known.peek();
  const { state } = older.peek();
  if (!pastKnown || oldest === undefined || state === 'none' || state === 'loading' || isTooSoon(older.peek())) return;
  if (known.peek().length >= MOST_CANDLES) {
    older.value = { state: 'none' };
    return;
  }
  older.value = { state: 'loading' };
  const got = await load(oldest.open_time, CANDLES);
  // Another coin, epoch or interval was chosen meanwhile.
  if (older.peek().state !== 'loading') return;
  if (got?.refusal !== undefined) older.value = refused(got.refusal);
  else older.value = got?.answer.klines.length === 0 ? { state: 'none' } : SOME;
}

function refused(reason: string): OlderCandles {
  return { state: 'refused', reason, at: performance.now() };
}

function isTooSoon(last: OlderCandles): boolean {
  return last.state === 'refused' && performance.now() - last.at < RETRY_OLDER_MS;
}

/** Loads candles that open before a time; undefined if other candles are wanted now. */
async function load(before: number, limit: number): Promise<Asked<Klines> | undefined> {
  const asked = interval.peek();
  const path = `klines?interval=${asked}&limit=${limit}`;
  const got = await askOfSelected<Klines>(`${path}&before=${Math.ceil(before)}`);
  if (got === undefined || asked !== interval.peek()) return undefined;
  // If the venue refuses, the gateway still has the candles that it keeps.
  const answer = got.answer ?? (await getOfSelected<Klines>(path));
  if (asked !== interval.peek()) return undefined;
  if (answer !== undefined) known.value = mergeCandles(known.peek(), answer.klines);
  return got;
}

async function loadNewest(): Promise<void> {
  const got = await load(feedTime(performance.now()) + AHEAD_MS, CANDLES);
  if (got === undefined) return;
  pastKnown = got.refusal === undefined;
  older.value = got.refusal === undefined ? SOME : refused(got.refusal);
}

/** Loads candles that are not in the stream: those that the gateway makes on request, and those that we missed. */
export async function loadNewestCandles(): Promise<void> {
  if (!pastAsked) return;
  if (!pastKnown) return loadNewest();
  if (!received.peek().has(interval.peek())) await load(feedTime(performance.now()) + AHEAD_MS, 2);
  const before = newestLack(known.peek());
  const at = performance.now();
  if (before === undefined || (before === lackAsked.before && at - lackAsked.at < ASK_AGAIN_MS)) return;
  lackAsked = { before, at };
  await load(before, CANDLES);
}
