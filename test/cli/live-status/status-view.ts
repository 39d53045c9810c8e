import { coinsWithIds } from '../../../src/cli/live-status/coin-order.ts';
import type { StatusView } from '../../../src/cli/live-status/live-screen.ts';
import { FIRST_PAGE, type PageState } from '../../../src/cli/live-status/page-state.ts';
import { ShownRecords } from '../../../src/cli/live-status/shown-records.ts';
import { type PriceMemory, remember } from '../../../src/cli/terminal/price-memory.ts';
import { StatusNotes } from '../../../src/cli/terminal/status-notes.ts';
import { NOT_SERVING } from '../../../src/domain/headline.ts';
import type { OrderBookSnapshot } from '../../../src/domain/record.ts';
import type { CoinSnapshot, StatusSnapshot, VenueSnapshot } from '../../../src/domain/status-snapshot.ts';
import { bookUpdate, gapRecord, tradeEvent } from '../../../testing/judges/events.ts';

/* A live status that tests paint. */

export const COINS = 'BTC ETH SOL BNB XRP ADA DOGE AVAX DOT LINK LTC POL UNI ATOM NEAR APT ARB OP FIL TRX'.split(' ');
export const AT = Date.UTC(2026, 10, 21, 8, 31, 5);

export const figures = (p99: number) => ({ count: 1000, p50: p99 / 2, p99, p999: p99 * 2, max: p99 * 3 });

export function venue(name: string, more: Partial<VenueSnapshot> = {}): VenueSnapshot {
  return {
    venue: name,
    state: 'connected',
    environment: 'production',
    active: false,
    linesUp: 2,
    lines: 2,
    ageMs: 20,
    frames: 12_345,
    reconnects: 0,
    reason: '',
    eventLagMs: 20,
    lineLags: [],
    clock: { estimate: { offsetMs: 12.5, uncertaintyMs: 8 }, failures: 0 },
    latencyMs: { venueToSocket: figures(34.4), socketToEmitted: figures(0.31) },
    ...more,
  };
}

function coin(name: string, index: number, step: number): CoinSnapshot {
  const price = String(64_250 - index * 300 + step * (index % 3 === 0 ? 1.5 : index % 3 === 1 ? -0.25 : 0));
  return {
    coin: name,
    symbol: `${name}USDT`,
    venue: 'bybit',
    epoch: 1,
    price,
    change24h: String((index % 20) - 8),
    tradesPerSecond: index * 7.5,
    ageMs: name === 'LINK' ? 18_000 : 120,
    stale: name === 'LINK',
    haltReason: null,
  };
}

/** Names of coins: the usual twenty, then made ones. */
export function coinNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => COINS[index] ?? `C${index}`);
}

export function snapshot(step = 2, more: Partial<StatusSnapshot> = {}, coins = 20): StatusSnapshot {
  return {
    at: AT + step * 1000,
    startedAt: AT - 65_000,
    environment: 'production',
    mode: 'failover',
    quality: [],
    klines: [],
    healing: [],
    shards: [],
    activeVenue: 'bybit',
    serving: { ...NOT_SERVING, venue: 'bybit', since: AT - 60_000 },
    trading: { state: 'allowed', reason: '' },
    halted: [],
    venues: [
      venue('bybit', { active: true }),
      venue('binance', { ageMs: 35 }),
      venue('binance_us', {
        state: 'stale',
        linesUp: 1,
        ageMs: 6123,
        reconnects: 3,
        reason: 'no data on line 1 (subscription_mute)',
      }),
      venue('binance_testnet', {
        state: 'region_blocked',
        linesUp: 0,
        ageMs: null,
        frames: 0,
        reason: 'HTTP 451: Service unavailable from a restricted location',
        environment: 'testnet',
      }),
    ],
    coins: coinNames(coins).map((name, index) => coin(name, index, step)),
    sinks: [
      {
        name: 'file',
        state: 'up',
        reason: '',
        queued: 12,
        lagMs: 14,
        delivered: 123_456,
        dropped: 0,
        latencyMs: { emittedToAcknowledged: figures(6.2) },
      },
    ],
    counts: { trades: 48_000, events: 12_492, dead_letters: 2 },
    ...more,
  };
}

/** A log entry, as pino writes it. */
export function entry(second: number, level: string, event: string, msg: string, fields: object = {}): string {
  const time = new Date(AT - 60_000 + second * 1000).toISOString();
  return JSON.stringify({ level, time, event, ...fields, msg });
}

export function notesOf(...entries: readonly string[]): StatusNotes {
  const notes = new StatusNotes();
  for (const one of entries) notes.add(one);
  return notes;
}

export const SOME_NOTES = notesOf(
  entry(1, 'warn', 'trading_halted', 'venue: bybit is not connected'),
  entry(2, 'info', 'trading_resumed', 'the feed is healthy'),
  entry(3, 'info', 'session_rotated', 'the venue announces a close', { venue: 'binance', line: 1 }),
  entry(4, 'warn', 'disconnected', 'closed', { venue: 'binance_us', line: 1 }),
);

const steps = Array.from({ length: 30 }, (_, step) => step);
const level = (price: number, quantity: number) => ({ price: String(price), quantity: String(quantity) });
const {
  kind: _kind,
  snapshot: _snapshot,
  firstUpdateId: _first,
  lastUpdateId: updateId,
  ...bookFields
} = bookUpdate(7);

const BOOK: OrderBookSnapshot = {
  ...bookFields,
  kind: 'order_book',
  updateId,
  venue: 'bybit',
  epoch: 1,
  stale: false,
  bids: steps.map((step) => level(64_252.5 - step * 0.5, 1.25 + step)),
  asks: steps.map((step) => level(64_253.5 + step * 0.5, 0.5 + step)),
};

const GAP = gapRecord({
  venue: 'bybit',
  fromId: '10',
  toId: '45',
  fromTime: AT - 40_000,
  toTime: AT - 6000,
  missing: 34,
  filled: 34,
  outcome: 'repaired',
});

/** A book and trades of BTC, and two gaps. */
export function records(): ShownRecords {
  const recent = new ShownRecords();
  const trades = steps.map((step) =>
    tradeEvent(step, {
      venue: 'bybit',
      timestamp: AT - 3000 + step * 70,
      price: String(64_252 + step / 4),
      isBuyerMaker: step % 3 === 0,
    }),
  );
  recent.add([BOOK, ...trades, GAP, { ...GAP, fromTime: AT - 20_000, missing: null, filled: 0, outcome: 'unknown' }]);
  return recent;
}

export function view(
  current: StatusSnapshot,
  state: Partial<PageState> = {},
  more: Partial<StatusView> = {},
): StatusView {
  const trails = [snapshot(0), snapshot(1), current];
  return {
    snapshot: current,
    memory: trails.reduce<PriceMemory>(
      (before, one) => remember(before, coinsWithIds({ ...one, mode: current.mode })),
      new Map(),
    ),
    notes: SOME_NOTES,
    records: records(),
    hints: ['files  data/demo', 'read   market-feed tail trades --dir data/demo'],
    state: { ...FIRST_PAGE, ...state },
    hasKeys: true,
    ...more,
  };
}
