import { effect, signal } from '@preact/signals';
import type { Klines } from '../../src/gateway/api/asset-answers.ts';
import type { KlineJson } from '../../src/gateway/api/record-schema.ts';
import { canBeMade, type Interval } from '../model/interval.ts';
import { mergeCandles, newestLack } from '../model/merge-candles.ts';
import { getOfSelected, isPresent } from './of-selected.ts';
import { onFrame } from './on-frame.ts';

const CANDLES = 500;
/** Milliseconds before REST is asked again for a candle that it did not have. */
const ASK_AGAIN_MS = 60_000;

export const interval = signal<Interval>('1m');
/** The selected coin's candles of `interval`, oldest first. */
export const candles = signal<readonly KlineJson[]>([]);

/**
 * Intervals of the candles that came from the stream. Earlier candles are requested from REST only after the first one,
 * because the gateway then has the interval.
 */
const received = new Set<string>();
let pastAsked = false;
let pastKnown = false;
let lackAsked = { openTime: Number.NEGATIVE_INFINITY, at: 0 };
let newCandles: readonly KlineJson[] = [];

const paint = onFrame(() => {
  candles.value = mergeCandles(candles.peek(), newCandles.filter(isPresent));
  newCandles = [];
});

export function startCandles(): void {
  effect(() => {
    pastAsked = canBeMade(interval.value, received);
    pastKnown = false;
    newCandles = [];
    candles.value = [];
    if (pastAsked) void loadCandles(CANDLES);
  });
}

/** After this call, the next candle from the stream causes a fetch of the earlier candles. */
export function candlesBeginAnew(): void {
  pastAsked = false;
  pastKnown = false;
  received.clear();
}

export function forgetCandles(): void {
  newCandles = [];
  candles.value = [];
}

/** Accepts candles of the current epoch, of any interval. */
export function receiveCandles(klines: readonly KlineJson[]): void {
  if (klines.length === 0) return;
  for (const kline of klines) received.add(kline.interval);
  newCandles = mergeCandles(
    newCandles,
    klines.filter((kline) => kline.interval === interval.peek()),
  );
  paint();
  if (pastAsked || !canBeMade(interval.peek(), received)) return;
  pastAsked = true;
  void loadCandles(CANDLES);
}

async function loadCandles(limit: number): Promise<void> {
  const asked = interval.peek();
  const answer = await getOfSelected<Klines>(`klines?interval=${asked}&limit=${limit}`);
  if (answer === undefined || asked !== interval.peek()) return;
  pastKnown ||= limit === CANDLES;
  candles.value = mergeCandles(candles.peek(), answer.klines);
}

/** Loads candles that are not in the stream: those that the gateway makes on request, and those that we missed. */
export async function loadNewestCandles(): Promise<void> {
  if (!pastAsked) return;
  if (!pastKnown) return loadCandles(CANDLES);
  if (!received.has(interval.peek())) await loadCandles(2);
  const openTime = newestLack(candles.peek());
  const at = performance.now();
  if (openTime === undefined || (openTime === lackAsked.openTime && at - lackAsked.at < ASK_AGAIN_MS)) return;
  lackAsked = { openTime, at };
  await loadCandles(CANDLES);
}
