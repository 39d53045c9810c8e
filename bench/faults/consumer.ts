/**
 * A consumer of the topics as a user would write it, in a process of its own. Every 50 ms, it makes a paper trade of
 * each coin that the trading guard allows. Arguments as JSON: where the topics are, the coins.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connectTopics, type Market } from '../../src/client/index.ts';
import type { Environment } from '../../src/domain/record.ts';
import type { RunStore } from '../../testing/judges/read-run.ts';
import { answer } from '../child.ts';

/** A decision of the trading guard. `at`: milliseconds since 1970, by this machine's clock. */
export interface GuardDecision {
  readonly at: number;
  readonly coin: string;
  readonly halted: boolean;
  readonly causes: readonly string[];
}

export interface PaperTrade {
  readonly at: number;
  readonly symbol: string;
  /** When the price of the paper trade was received, milliseconds since 1970. */
  readonly receivedAtMs: number;
  readonly environment: Environment;
}

/** The decisions of the guard, and the paper trades. */
export interface ConsumerResults {
  readonly decisions: readonly GuardDecision[];
  readonly trades: readonly PaperTrade[];
}

const TRADE_EVERY_MS = 50;
const store = JSON.parse(process.argv[2] ?? '') as RunStore;
const coins = JSON.parse(process.argv[3] ?? '') as readonly string[];
const decisions: GuardDecision[] = [];
const trades: PaperTrade[] = [];
let market: Market | undefined;

async function start(): Promise<void> {
  const where = store.kind === 'kafka' ? { brokers: store.brokers, topicPrefix: store.prefix } : { dir: store.dir };
  // All venues are simulated. By default, the client refuses records of simulated venues and of the testnet.
  const connected = await connectTopics({ ...where, allowTestData: true, onWarning: () => {} });
  market = connected;
  const guard = connected.guard();
  for (const coin of coins)
    guard(coin).subscribe(({ at, state, causes }) => decisions.push({ at, coin, halted: state === 'halted', causes }));
  setInterval(() => {
    for (const coin of coins) {
      const { state, price } = guard.decision(coin);
      if (state === 'halted' || price === null) continue;
      const { symbol, environment, receivedAt } = price;
      trades.push({ at: Date.now(), symbol, environment, receivedAtMs: receivedAt / 1000 });
    }
  }, TRADE_EVERY_MS);
}

/** Resolves with true when every coin may be traded, or with false after `withinMs`. */
async function untilAllowed(withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (performance.now() < until) {
    if (coins.every((coin) => market?.guard().isAllowed(coin))) return true;
    await delay(TRADE_EVERY_MS);
  }
  return false;
}

answer({ start, untilAllowed, results: (): ConsumerResults => ({ decisions, trades }) });
