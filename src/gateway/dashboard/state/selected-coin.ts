import { batch, effect, signal } from '@preact/signals';
import type {
  Book,
  Channel,
  KlineJson,
  Klines,
  LargeTradeJson,
  LargeTrades,
  ServerMessage,
  TradeJson,
  TradeStatsAnswer,
  TradeStatsJson,
  Trades,
  VolumeProfileAnswer,
} from '../../api.ts';
import { mergeLarge, mergeTrades } from '../model/recent-trades.ts';
import { feedLoaded, listOf, rowOf, turnBegan } from './feed-state.ts';
import { getJson } from './get-json.ts';
import { link, subscribe, unsubscribe } from './link.ts';
import { onFrame } from './on-frame.ts';
import { feedTime } from './page-clock.ts';
import { selected } from './selection.ts';

export const INTERVALS = ['1m', '5m', '15m', '1h', '4h', '1d'] as const;
export type Interval = (typeof INTERVALS)[number];

const CHANNELS: readonly Channel[] = ['trades', 'orderbook', 'klines', 'stats', 'large_trades'];
const WINDOW_MS = 60_000;
const STATS_KEPT = 30;
const REFRESH_EVERY_MS = 5000;
const MOST_WAITING = 200;
/** The tape is long, and nobody reads it faster. */
const TAPE_EVERY_MS = 250;
const CANDLES = 500;

export const interval = signal<Interval>('1m');
/** Newest first. */
export const tape = signal<readonly TradeJson[]>([]);
/** By how much a trade was larger than those before it, by `tradeKey`. */
export const large = signal<ReadonlyMap<string, number>>(new Map());
/** Trades that the gateway had to leave out for us since the coin was chosen. */
export const missed = signal(0);
export const book = signal<Book | undefined>(undefined);
export const bookAt = signal(0);
/** Oldest first; a new array where all of it is new. */
export const candles = signal<readonly KlineJson[]>([]);
/** The newest state of a candle since. */
export const candle = signal<KlineJson | undefined>(undefined);
/** Of one minute, newest first. */
export const stats = signal<readonly TradeStatsJson[]>([]);
export const profile = signal<VolumeProfileAnswer['profile'] | undefined>(undefined);

/** A stream's first word says that there is a past to ask for. */
let hasTrades = false;
let hasCandles = false;
let newTrades: TradeJson[] = [];
let tapeWaits = false;
let newBook: Book | undefined;
let newCandle: KlineJson | undefined;

const paint = onFrame(() => {
  if (newBook !== undefined) {
    book.value = newBook;
    bookAt.value = performance.now();
  }
  if (newCandle !== undefined) candle.value = newCandle;
  newBook = undefined;
  newCandle = undefined;
});
const paintTape = onFrame(() => {
  tapeWaits = false;
  tape.value = mergeTrades(tape.peek(), newTrades);
  newTrades = [];
});

/** Follows the selection: its streams, and again and again what the streams do not tell. */
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
    // Another venue, another past.
    if (symbol !== undefined) rowOf(symbol)?.epoch.value;
    coinStreamsBeginAnew();
  });
  effect(() => {
    interval.value;
    candles.value = [];
    if (hasCandles) void loadCandles();
  });
  setInterval(() => {
    if (document.hidden || link.peek().state !== 'open') return;
    if (hasTrades) void loadProfile();
    if (hasCandles) void loadNewestCandles();
  }, REFRESH_EVERY_MS);
}

/** The past is asked for again when the streams begin anew: they may have told nothing for a while. */
export function coinStreamsBeginAnew(): void {
  hasTrades = false;
  hasCandles = false;
}

export function hearCoin(message: ServerMessage): void {
  switch (message.type) {
    case 'trade': {
      const mine = listOf<TradeJson>(message.data).filter(concerns);
      if (mine.length === 0) break;
      newTrades = [...newTrades, ...mine].slice(-MOST_WAITING);
      if (!tapeWaits) setTimeout(paintTape, TAPE_EVERY_MS);
      tapeWaits = true;
      if (hasTrades || !mine.some(isPresent)) break;
      hasTrades = true;
      void Promise.all([loadTrades(), loadProfile(), loadStats()]);
      break;
    }
    case 'orderbook':
      newBook = listOf<Book>(message.data).findLast(concerns) ?? newBook;
      paint();
      break;
    case 'kline': {
      const mine = listOf<KlineJson>(message.data).filter(concerns);
      if (mine.length === 0) break;
      newCandle = mine.findLast((kline) => kline.interval === interval.peek()) ?? newCandle;
      paint();
      if (hasCandles || !mine.some(isPresent)) break;
      hasCandles = true;
      void loadCandles();
      break;
    }
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

/** Of the selected symbol, and where venues do not take turns (epoch 0) of the one that its row shows. */
function concerns(record: { readonly symbol: string; readonly venue: string; readonly epoch: number }): boolean {
  if (record.symbol !== selected.peek()) return false;
  const venue = rowOf(record.symbol)?.venue.peek();
  return record.epoch !== 0 || venue === undefined || venue === null || record.venue === venue;
}

/** Of the venue's turn that goes on: REST tells of no other. */
function isPresent({ symbol, epoch }: { readonly symbol: string; readonly epoch: number }): boolean {
  return epoch >= (rowOf(symbol)?.epoch.peek() ?? 0);
}

function forget(): void {
  batch(() => {
    coinStreamsBeginAnew();
    newTrades = [];
    newBook = undefined;
    newCandle = undefined;
    tape.value = [];
    large.value = new Map();
    missed.value = 0;
    book.value = undefined;
    candles.value = [];
    candle.value = undefined;
    stats.value = [];
    profile.value = undefined;
  });
}

/** The answer of a path below the selected coin's; undefined where another coin was selected meanwhile. */
async function get<T>(path: string): Promise<T | undefined> {
  const symbol = selected.peek();
  if (symbol === undefined) return undefined;
  const answer = await getJson<T>(`/api/assets/crypto/${symbol}/${path}`);
  return symbol === selected.peek() ? answer : undefined;
}

async function loadTrades(): Promise<void> {
  const [past, largeOnes] = await Promise.all([get<Trades>('trades?limit=60'), get<LargeTrades>('large-trades')]);
  if (largeOnes !== undefined) large.value = mergeLarge(large.peek(), largeOnes.large_trades);
  if (past !== undefined) tape.value = mergeTrades(tape.peek(), past.trades);
}

async function loadCandles(): Promise<void> {
  const asked = interval.peek();
  const answer = await get<Klines>(`klines?interval=${asked}&limit=${CANDLES}`);
  if (answer !== undefined && asked === interval.peek()) candles.value = answer.klines;
}

/** Of intervals that nobody publishes the gateway makes candles at request. */
async function loadNewestCandles(): Promise<void> {
  const asked = interval.peek();
  if (candle.peek()?.interval === asked) return;
  const answer = await get<Klines>(`klines?interval=${asked}&limit=2`);
  if (asked !== interval.peek() || answer === undefined) return;
  if (candles.peek().length === 0) candles.value = answer.klines;
  else for (const kline of answer.klines) candle.value = kline;
}

async function loadStats(): Promise<void> {
  await feedLoaded();
  const began = turnBegan();
  // Of a turn that is younger than a window there is none yet.
  if (began !== undefined && feedTime(performance.now()) - began < 1.1 * WINDOW_MS) return;
  const answer = await get<TradeStatsAnswer>(`trade-stats?window=${WINDOW_MS}`);
  if (answer !== undefined) takeStats(answer.windows.toReversed());
}

/** Oldest first. */
function takeStats(news: readonly TradeStatsJson[]): void {
  const minutes = news.filter(({ window_ms }) => window_ms === WINDOW_MS);
  if (minutes.length === 0) return;
  const known = new Map(
    [...stats.peek().toReversed(), ...minutes].map((each) => [`${each.epoch} ${each.window_start}`, each]),
  );
  stats.value = [...known.values()].sort((a, b) => b.window_start - a.window_start).slice(0, STATS_KEPT);
}

async function loadProfile(): Promise<void> {
  const answer = await get<VolumeProfileAnswer>('volume-profile?bins=40');
  if (answer !== undefined) profile.value = answer.profile;
}
