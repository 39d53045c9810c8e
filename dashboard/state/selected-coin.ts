import { batch, effect, signal } from '@preact/signals';
import type {
  Book,
  LargeTradesAnswer,
  TradeStatsAnswer,
  Trades,
  VolumeProfileAnswer,
} from '../../src/gateway/api/asset-answers.ts';

import type { KlineJson, LargeTradeJson, TradeJson, TradeStatsJson } from '../../src/gateway/api/record-schema.ts';
import type { ServerMessage, StreamChannel } from '../../src/gateway/api/stream-messages.ts';
import { mergeLarge, mergeTrades } from '../model/recent-trades.ts';
import { isOfEpoch, type ServingEpoch } from '../model/serving-epoch.ts';
import {
  candles,
  candlesBeginAnew,
  forgetCandles,
  loadNewestCandles,
  receiveCandles,
  startCandles,
} from './coin-candles.ts';
import { epochBegan, feedLoaded, listOf, rowOf } from './feed-state.ts';
import { link, subscribe, unsubscribe } from './link.ts';
import { concerns, getOfSelected, isPresent } from './of-selected.ts';
import { onFrame } from './on-frame.ts';
import { feedTime } from './page-clock.ts';
import { selected } from './selection.ts';

const CHANNELS: readonly StreamChannel[] = ['trades', 'orderbook', 'klines', 'stats', 'large_trades'];
const WINDOW_MS = 60_000;
const STATS_KEPT = 30;
const REFRESH_EVERY_MS = 5000;
const MOST_WAITING = 200;
/** Milliseconds between two paints of the tape. It has many rows, and nobody reads it faster. */
const TAPE_EVERY_MS = 250;

/** The coin's trades, newest first. */
export const tape = signal<readonly TradeJson[]>([]);
/** The large trades by `tradeKey`. The value is the quantity divided by the mean quantity of the trades before. */
export const large = signal<ReadonlyMap<string, number>>(new Map());
/** Number of trades that the gateway dropped since the coin was chosen, because this page was too slow. */
export const missed = signal(0);
export const book = signal<Book | undefined>(undefined);
export const bookAt = signal(0);
/** Statistics of one-minute windows, newest first. */
export const stats = signal<readonly TradeStatsJson[]>([]);
export const volumeProfile = signal<VolumeProfileAnswer | undefined>(undefined);
/** The venue that took over while the coin was shown, and from which missing data is awaited. */
export const awaitedFrom = signal<string | null>(null);

/**
 * True after the first trade of the current epoch from the stream. Only then are earlier trades requested from REST.
 */
let hasTrades = false;
let newTrades: TradeJson[] = [];
let tapeWaits = false;
let newBook: Book | undefined;

const paint = onFrame(() => {
  if (newBook !== undefined && isPresent(newBook)) {
    book.value = newBook;
    bookAt.value = performance.now();
  }
  newBook = undefined;
});
const paintTape = onFrame(() => {
  tapeWaits = false;
  tape.value = mergeTrades(tape.peek(), newTrades);
  newTrades = [];
});

/** Follows the selected coin: by its streams, and by polling for data that is not in the streams. */
export function startSelectedCoin(): void {
  effect(() => {
    const symbol = selected.value;
    if (symbol === undefined) return;
    forget();
    for (const channel of CHANNELS) subscribe(channel, symbol);
    return () => {
      for (const channel of CHANNELS) unsubscribe(channel, symbol);
    };
  });
  effect(() => {
    const symbol = selected.value;
    const row = symbol === undefined ? undefined : rowOf(symbol);
    // Another venue or epoch has other past data, so the old data is cleared.
    if (row !== undefined) beginEpoch({ venue: row.venue.value, epoch: row.epoch.value });
  });
  startCandles();
  setInterval(() => {
    if (document.hidden || link.peek().state !== 'open') return;
    if (hasTrades) void loadVolumeProfile();
    void loadNewestCandles();
  }, REFRESH_EVERY_MS);
}

/** Fetches past data again when the streams restart: they may have missed something. */
export function coinStreamsBeginAnew(): void {
  hasTrades = false;
  candlesBeginAnew();
}

/** Clears the previous venue's data, so that it is not shown under the name of the active venue. */
function beginEpoch(serving: ServingEpoch): void {
  coinStreamsBeginAnew();
  const hasOld = [book.peek(), candles.peek().at(-1), volumeProfile.peek()].some(
    (shown) => shown !== undefined && !isOfEpoch(shown, serving),
  );
  if (!hasOld && awaitedFrom.peek() === null) return;
  batch(() => {
    awaitedFrom.value = serving.venue;
    forgetFigures((shown) => !isOfEpoch(shown, serving));
  });
}

function forgetFigures(isOver: (shown: ServingEpoch) => boolean): void {
  if (book.peek() !== undefined && isOver(book.peek() as Book)) book.value = undefined;
  candles.value = candles.peek().filter((kline) => !isOver(kline));
  if (volumeProfile.peek() !== undefined && isOver(volumeProfile.peek() as VolumeProfileAnswer))
    volumeProfile.value = undefined;
}

export function receiveCoin(message: ServerMessage): void {
  switch (message.type) {
    case 'trade': {
      const mine = listOf<TradeJson>(message.data).filter(concerns);
      if (mine.length === 0) break;
      newTrades = [...newTrades, ...mine].slice(-MOST_WAITING);
      if (!tapeWaits) setTimeout(paintTape, TAPE_EVERY_MS);
      tapeWaits = true;
      if (hasTrades || !mine.some(isPresent)) break;
      hasTrades = true;
      void Promise.all([loadTrades(), loadVolumeProfile(), loadStats()]);
      break;
    }
    case 'orderbook':
      newBook = listOf<Book>(message.data).findLast(concerns) ?? newBook;
      paint();
      break;
    case 'kline':
      receiveCandles(listOf<KlineJson>(message.data).filter((kline) => concerns(kline) && isPresent(kline)));
      break;
    case 'stats':
      takeStats(listOf<TradeStatsJson>(message.data).filter(concerns));
      break;
    case 'large_trade':
      large.value = mergeLarge(large.peek(), listOf<LargeTradeJson>(message.data).filter(concerns));
      break;
    case 'missed':
      for (const { channel, count } of listOf(message.data)) if (channel === 'trades') missed.value += count;
      break;
  }
}

function forget(): void {
  batch(() => {
    coinStreamsBeginAnew();
    newTrades = [];
    newBook = undefined;
    tape.value = [];
    large.value = new Map();
    missed.value = 0;
    book.value = undefined;
    forgetCandles();
    stats.value = [];
    volumeProfile.value = undefined;
    awaitedFrom.value = null;
  });
}

async function loadTrades(): Promise<void> {
  const [past, largeOnes] = await Promise.all([
    getOfSelected<Trades>('trades?limit=60'),
    getOfSelected<LargeTradesAnswer>('large-trades'),
  ]);
  if (largeOnes !== undefined) large.value = mergeLarge(large.peek(), largeOnes.large_trades);
  if (past !== undefined) tape.value = mergeTrades(tape.peek(), past.trades);
}

async function loadStats(): Promise<void> {
  await feedLoaded();
  const began = epochBegan();
  // An epoch that is younger than a window has no window yet.
  if (began !== undefined && feedTime(performance.now()) - began < 1.1 * WINDOW_MS) return;
  const answer = await getOfSelected<TradeStatsAnswer>(`trade-stats?window=${WINDOW_MS}`);
  if (answer !== undefined) takeStats(answer.windows.toReversed());
}

/** Adds windows, given oldest first, to `stats`, which is newest first. Windows of another length are left out. */
function takeStats(added: readonly TradeStatsJson[]): void {
  const minutes = added.filter(({ window_ms }) => window_ms === WINDOW_MS);
  if (minutes.length === 0) return;
  const known = new Map(
    [...stats.peek().toReversed(), ...minutes].map((each) => [`${each.epoch} ${each.window_start}`, each]),
  );
  stats.value = [...known.values()].sort((a, b) => b.window_start - a.window_start).slice(0, STATS_KEPT);
}

async function loadVolumeProfile(): Promise<void> {
  const answer = await getOfSelected<VolumeProfileAnswer>('volume-profile?bins=40');
  if (answer !== undefined) volumeProfile.value = answer;
}
