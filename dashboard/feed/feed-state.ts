import { batch, computed, signal } from '@preact/signals';
import { isMissing } from '../../src/domain/trade-id.ts';
import type { GapAnswer, Gaps, Status } from '../../src/gateway/api/feed-answers.ts';
import type { PriceJson } from '../../src/gateway/api/record-schema.ts';
import type { ServerMessage } from '../../src/gateway/api/stream-messages.ts';
import { CoinRow } from '../coins/coin-row.ts';
import { isSwitch } from '../events/event-log.ts';
import { events, loadEvents, receiveStatus } from '../events/feed-events.ts';
import { getJson } from '../link/get-json.ts';
import { oneAtATime } from '../link/one-at-a-time.ts';
import { onFrame } from '../page/on-frame.ts';
import { pageTime, setFeedTime } from '../page/page-clock.ts';
import { isOfStart } from '../timeline/instance-spans.ts';
import { worstEnvironment } from './environment.ts';
import { firstOfEachSymbol } from './first-of-each-symbol.ts';
import { mergeOverview } from './merge-overview.ts';
import { statusAt } from './presence.ts';

/** The last overview of the gateway; undefined: none came yet. */
export const status = signal<Status | undefined>(undefined);
/** Gaps in the trades, newest first; undefined: not known yet. */
export const gaps = signal<readonly GapAnswer[] | undefined>(undefined);
/** The coins' rows in the feed's order. */
export const rows = signal<readonly CoinRow[]>([]);
/** The configured environment; a coin's environment may differ. */
export const feedEnvironment = computed(() => status.value?.environment ?? undefined);
/** The least real environment of all data that the page shows. */
export const environment = computed(() =>
  worstEnvironment([feedEnvironment.value, ...rows.value.map((row) => row.environment.value)]),
);

/** Many gaps in a short time must not use up the page's share of requests. Milliseconds. */
const GAPS_MS = 1000;
/** How often the gaps are fetched again while some may be healing, milliseconds. */
const HEALING_MS = 5000;

let loading: Promise<void> = Promise.resolve();

const bySymbol = new Map<string, CoinRow>();
const newestTicks = new Map<string, PriceJson>();
/** The overview as the stream's changes add up. The first message of each connection has all fields. */
let streamed: Status | undefined;

const loadGaps = oneAtATime(async () => {
  const answer = await getJson<Gaps>('/api/gaps?limit=500');
  if (answer !== undefined) gaps.value = answer.gaps;
}, GAPS_MS);

export function rowOf(symbol: string): CoinRow | undefined {
  return bySymbol.get(symbol);
}

const paint = onFrame(() => {
  const pageMs = performance.now();
  applyTicks(pageMs);
  for (const row of bySymbol.values()) row.calm(pageMs);
});

/** Ticks of symbols without a row wait for the next overview, which may make the row. */
function applyTicks(pageMs: number): void {
  for (const [key, tick] of newestTicks) {
    const row = bySymbol.get(tick.symbol);
    if (row === undefined) continue;
    row.tick(tick, pageMs, eventMs(tick, pageMs));
    newestTicks.delete(key);
  }
}

/** When a tick's event happened, by the page's clock: its receipt by the feed, less the venue's event lag. */
function eventMs({ venue, received_at }: PriceJson, pageMs: number): number {
  const lagMs = status.peek()?.venues.find((each) => each.venue === venue)?.event_lag_ms ?? 0;
  return Math.min(pageMs, pageTime(received_at / 1000)) - Math.max(0, lagMs);
}

export function startFeedState(): void {
  // Without this timer, the flash of a price's last move would stay until the next event.
  setInterval(() => {
    if (rows.peek().some(({ flash }) => flash.peek())) paint();
  }, 200);
  setInterval(() => {
    if (!document.hidden && gaps.peek()?.some(mayBeHealing)) loadGaps();
  }, HEALING_MS);
}

/** A gateway that only reads topics does not know how far a gap is healed, and reports it once it is. */
function mayBeHealing({ outcome, healing }: GapAnswer): boolean {
  return status.peek()?.source === 'pipeline' && isMissing(outcome) && healing?.state !== 'left';
}

/** Handles messages about the whole feed; messages about one coin are handled elsewhere. */
export function receiveFeed(message: ServerMessage): void {
  switch (message.type) {
    case 'overview':
      takeStatus(message.data);
      break;
    case 'overview_changes':
      streamed = mergeOverview(streamed, message.data);
      takeStatus(streamed);
      break;
    case 'price':
      for (const tick of listOf(message.data)) {
        const key = `${tick.symbol} ${tick.venue}`;
        newestTicks.delete(key);
        newestTicks.set(key, tick);
      }
      paint();
      break;
    case 'status': {
      const records = listOf(message.data);
      receiveStatus(records);
      if (records.some(({ state }) => state.startsWith('gap_'))) loadGaps();
      break;
    }
    case 'missed':
      if (message.data.channel === 'status') loadFeed();
      break;
  }
}

/**
 * When the present venues began to serve, milliseconds since 1970 by the feed's clock: its start or its last switch.
 * Undefined if unknown.
 */
export function epochBegan(): number | undefined {
  return events.peek().findLast((event) => isOfStart(event) || isSwitch(event))?.timestamp;
}

/**
 * Fetches the events and gaps that this page may have missed while it was not connected. The overview is the first
 * message of the connection.
 */
export function loadFeed(): void {
  loadGaps();
  loading = loadEvents();
}

/** Resolves when the feed's past events were fetched, or could not be. */
export function feedLoaded(): Promise<void> {
  return loading;
}

export function listOf<T>(data: T | readonly T[]): readonly T[] {
  return Array.isArray(data) ? (data as readonly T[]) : [data as T];
}

function takeStatus(next: Status): void {
  batch(() => {
    const pageMs = performance.now();
    setFeedTime(next.at);
    status.value = next;
    statusAt.value = pageMs;
    const coins = firstOfEachSymbol(next.coins);
    const first = new Set(coins);
    const ofSeveral = new Set(next.coins.filter((coin) => !first.has(coin)).map(({ symbol }) => symbol));
    for (const coin of coins) {
      let row = bySymbol.get(coin.symbol);
      if (row === undefined) {
        row = new CoinRow(coin);
        bySymbol.set(coin.symbol, row);
      }
      row.isOfSeveral = ofSeveral.has(coin.symbol);
      row.overview(coin, pageMs);
    }
    const known = rows.peek();
    const same = known.length === coins.length && known.every((row, at) => row.symbol === coins[at]?.symbol);
    // The first overview of a connection ends the grey state, and the prices are newer than it.
    applyTicks(pageMs);
    // The remaining symbols are not coins of this overview.
    newestTicks.clear();
    if (!same) rows.value = coins.flatMap(({ symbol }) => bySymbol.get(symbol) ?? []);
  });
}
