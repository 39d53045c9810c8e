import { setTimeout as delay } from 'node:timers/promises';
import type { TradeEvent } from '../../src/domain/record.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import type { PublishedTopics } from './published-topics.ts';

export const SYMBOLS = ['BTC', 'ETH', 'SOL', 'BNB', 'XRP', 'ADA', 'DOGE', 'LTC', 'DOT', 'TRX'].map(
  (coin) => `${coin}USDT`,
);

export const nameOf = ({ symbol, tradeId }: TradeEvent): string => `${symbol} ${tradeId}`;

/** Publishes trades of ten symbols at a steady rate until it is stopped. */
export class SteadyTrades {
  readonly published: string[] = [];
  #running = true;
  readonly #done: Promise<void>;

  /** `perSecond`: trades of all symbols together. */
  constructor(topics: PublishedTopics, perSecond: number) {
    this.#done = this.#run(topics, perSecond);
  }

  async stop(): Promise<readonly string[]> {
    this.#running = false;
    await this.#done;
    return this.published;
  }

  async #run(topics: PublishedTopics, perSecond: number): Promise<void> {
    const startedAt = performance.now();
    for (let id = 0; this.#running; ) {
      const due = ((performance.now() - startedAt) / 1000) * perSecond - this.published.length;
      const rounds = Math.floor(due / SYMBOLS.length);
      const trades = Array.from({ length: rounds }, () => ++id).flatMap((each) =>
        SYMBOLS.map((symbol) => tradeEvent(each, { symbol, coin: symbol.replace('USDT', '') })),
      );
      if (trades.length > 0) await topics.publish(...trades);
      this.published.push(...trades.map(nameOf));
      await delay(10);
    }
  }
}
