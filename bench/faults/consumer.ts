/**
 * A consumer of the topics as a user writes one, a process of its own: it trades on paper with every coin at every
 * moment at which the guard allows it. Argument: the place of the topics as JSON.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connectTopics, type Market } from '../../src/client/index.ts';
import type { Environment } from '../../src/domain/record.ts';
import type { Place } from '../../testing/judges/read-run.ts';
import { answer } from '../child.ts';

/** Milliseconds since 1970, our wall clock. */
export interface GuardDecision {
  readonly at: number;
  readonly coin: string;
  readonly halted: boolean;
  readonly causes: readonly string[];
}

export interface PaperTrade {
  readonly at: number;
  readonly symbol: string;
  /** Of the price that it was made at. */
  readonly receivedAtMs: number;
  readonly environment: Environment;
}

/** What the guard decisions, and what was done. */
export interface Ledger {
  readonly decisions: readonly GuardDecision[];
  readonly trades: readonly PaperTrade[];
}

const TRADE_EVERY_MS = 50;
const place = JSON.parse(process.argv[2] ?? '') as Place;
const coins = JSON.parse(process.argv[3] ?? '') as readonly string[];
const decisions: GuardDecision[] = [];
const trades: PaperTrade[] = [];
let market: Market | undefined;

async function start(): Promise<void> {
  const where = place.kind === 'kafka' ? { brokers: place.brokers, topicPrefix: place.prefix } : { dir: place.dir };
  // Every record of a row is simulated, or of the testnet.
  const connected = await connectTopics({ ...where, allowTestData: true, onWarning: () => {} });
  market = connected;
  const guard = connected.guard();
  for (const coin of coins)
    guard(coin).subscribe(({ at, state, causes }) => decisions.push({ at, coin, halted: state === 'halted', causes }));
  setInterval(() => {
    for (const coin of coins) {
      if (!guard.isAllowed(coin)) continue;
      const price = connected.latest(coin);
      if (price === undefined) continue;
      const { symbol, environment, receivedAt } = price;
      trades.push({ at: Date.now(), symbol, environment, receivedAtMs: receivedAt / 1000 });
    }
  }, TRADE_EVERY_MS);
}

/** True once every coin may be traded; false where that takes longer. */
async function allowed(withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (performance.now() < until) {
    if (coins.every((coin) => market?.guard().isAllowed(coin))) return true;
    await delay(TRADE_EVERY_MS);
  }
  return false;
}

answer({ start, allowed, ledger: (): Ledger => ({ decisions, trades }) });
