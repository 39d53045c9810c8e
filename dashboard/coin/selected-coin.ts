import { batch, effect, signal } from '@preact/signals';
import type {
  Asset,
  Book,
  LargeTradesAnswer,
  TradeStatsAnswer,
  Trades,
  VolumeProfileAnswer,
} from '../../src/gateway/api/asset-answers.ts';
import type { Series } from '../../src/gateway/api/fields.ts';
import type { KlineJson, LargeTradeJson, TradeJson, TradeStatsJson } from '../../src/gateway/api/record-schema.ts';
import type { ServerMessage, StreamChannel } from '../../src/gateway/api/stream-messages.ts';
import { audits, loadAudits } from '../audits/coin-audits.ts';
import { book, forgetBook, receiveBook, startBook } from '../book/coin-book.ts';
import { MAX_TRADES, mergeLarge, mergeTrades } from '../book/recent-trades.ts';
import type { MissedTrades } from '../book/tape-rows.ts';
import {
  candles,
  candlesBeginAnew,
  forgetCandles,
  loadNewestCandles,
  receiveCandles,
  startCandles,
} from '../chart/coin-candles.ts';
import { epochBegan, feedLoaded, listOf, rowOf } from '../feed/feed-state.ts';
import { isOfEpoch, type ServingEpoch } from '../feed/serving-epoch.ts';
import { link, subscribe, unsubscribe } from '../link/link.ts';
import { onFrame } from '../page/on-frame.ts';
import { feedTime } from '../page/page-clock.ts';
import { selected } from '../page/selection.ts';
import { concerns, getOfSelected, isPresent } from './of-selected.ts';

const CHANNELS: readonly StreamChannel[] = ['trades', 'klines', 'stats', 'large_trades'];
const WINDOW_MS = 60_000;
const STATS_KEPT = 30;
const REFRESH_EVERY_MS = 5000;
const VENUES_EVERY_MS = 2000;
const MISSED_KEPT = 20;
/** Milliseconds between two paints of the tape. It has many rows. */
const TAPE_EVERY_MS = 200;

/** The coin's trades, newest first. */
export const tape = signal<readonly TradeJson[]>([]);
/** The large trades by `tradeKey`. */
export const large = signal<ReadonlyMap<string, LargeTradeJson>>(new Map());
/** Trades that the gateway dropped since the coin was chosen, because this page was too slow. */
export const missed = signal<readonly MissedTrades[]>([]);
/** The coin's price at each venue; null: unknown to the gateway; undefined: not answered yet. */
export const venuePrices = signal<Asset['venue_prices'] | undefined>(undefined);
/** When `venuePrices` came, by the page's monotonic clock, milliseconds. */
export const venuePricesAt = signal(0);
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
    void loadVenuePrices();
    void loadAudits();
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
  startBook();
  startCandles();
  setInterval(() => {
    if (document.hidden || link.peek().state !== 'open') return;
    if (hasTrades) void loadVolumeProfile();
    void loadNewestCandles();
    void loadAudits();
  }, REFRESH_EVERY_MS);
  setInterval(() => {
    if (!document.hidden && link.peek().state === 'open') void loadVenuePrices();
  }, VENUES_EVERY_MS);
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
  forgetCandles(isOver);
  if (volumeProfile.peek() !== undefined && isOver(volumeProfile.peek() as VolumeProfileAnswer))
    volumeProfile.value = undefined;
}

export function receiveCoin(message: ServerMessage): void {
  switch (message.type) {
    case 'trade': {
      const mine = listOf<TradeJson>(message.data).filter(concerns);
      if (mine.length === 0) break;
      newTrades = [...newTrades, ...mine].slice(-MAX_TRADES);
      if (!tapeWaits) setTimeout(paintTape, TAPE_EVERY_MS);
      tapeWaits = true;
      if (hasTrades || !mine.some(isPresent)) break;
      hasTrades = true;
      void Promise.all([loadTrades(), loadVolumeProfile(), loadStats()]);
      break;
    }
    case 'orderbook':
      receiveBook(listOf<Book>(message.data));
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
      for (const { channel, symbol, count } of listOf(message.data))
        if (channel === 'trades' && symbol === selected.peek()) noteMissed(count);
      break;
  }
}

function forget(): void {
  batch(() => {
    coinStreamsBeginAnew();
    newTrades = [];
    forgetBook();
    tape.value = [];
    large.value = new Map();
    missed.value = [];
    venuePrices.value = undefined;
    forgetCandles(() => true);
    stats.value = [];
    volumeProfile.value = undefined;
    audits.value = undefined;
    awaitedFrom.value = null;
  });
}

function noteMissed(count: number): void {
  const after = (newTrades.at(-1) ?? tape.peek()[0])?.timestamp ?? 0;
  missed.value = [...missed.peek(), { after, count }].slice(-MISSED_KEPT);
}

async function loadVenuePrices(): Promise<void> {
  const answer = await getOfSelected<Asset & Series>('');
  if (answer === undefined) return;
  batch(() => {
    venuePrices.value = answer.venue_prices;
    venuePricesAt.value = performance.now();
  });
}

async function loadTrades(): Promise<void> {
  const [past, largeOnes] = await Promise.all([
    getOfSelected<Trades>('trades?limit=200'),
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
