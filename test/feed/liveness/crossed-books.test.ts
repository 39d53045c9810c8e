import { describe, expect, it } from 'vitest';
import type { BookTicker, TradeEvent } from '../../../src/domain/record.ts';
import { BookWitness, CrossedBooks } from '../../../src/feed/liveness/crossed-books.ts';
import { BookSync } from '../../../src/market/book/book-sync.ts';
import { bookTicker, tradeEvent } from '../../../testing/judges/events.ts';

const MARKET = {
  ...{ venue: 'bybit', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT', coin: 'BTC', epoch: 0 },
  environment: 'simulated' as const,
};

/**
 * A book with best bid 99 and best ask 101. `said` lists what `CrossedBooks` reports if later trades or quotes lie
 * beyond these prices.
 */
class Books {
  now = 10_000;
  readonly said: string[] = [];
  readonly #sync = new BookSync({ mode: 'sent' });
  readonly #crossed = new CrossedBooks({
    inStep: () => (this.#sync.state === 'in_step' ? this.#sync : undefined),
    markStale: (symbol, reason) => this.said.push(`${symbol} is stale: ${reason}`),
    resynchronise: (symbol) => this.said.push(`${symbol} begins again`),
  });
  #id = 1;

  constructor() {
    this.#sync.joined(1);
    this.changes('99', '101');
  }

  /** Replaces the book at the present time. */
  changes(bid: string, ask: string): this {
    const id = String(++this.#id);
    const [timestamp, receivedAt] = [this.now, this.now * 1000];
    const levels = { bids: [{ price: bid, quantity: '1' }], asks: [{ price: ask, quantity: '1' }] };
    const ids = { firstUpdateId: id, lastUpdateId: id, snapshot: true, sequence: id };
    this.#sync.update(1, { kind: 'book_update', ...MARKET, ...ids, ...levels, timestamp, receivedAt }, this.now);
    return this;
  }

  trade(price: string, { conditions = [], source = 'live', timestamp = this.now }: Partial<TradeEvent> = {}): this {
    this.#crossed.of('BTCUSDT').passed(
      {
        ...{ kind: 'trade', ...MARKET, price, quantity: '1', isBuyerMaker: true, timestamp, eventTime: null },
        ...{ tradeId: '1', lastTradeId: null, conditions, source, receivedAt: this.now * 1000, timestampUs: null },
      },
      this.now,
    );
    return this;
  }

  quote(bidPrice: string, askPrice: string, timestamp: BookTicker['timestamp'] = this.now): this {
    this.#crossed.of('BTCUSDT').passed(
      {
        ...{ kind: 'book_ticker', ...MARKET, bidPrice, bidQuantity: '1', askPrice, askQuantity: '1' },
        ...{ updateId: null, timestamp, timestampUs: null, receivedAt: this.now * 1000 },
      },
      this.now,
    );
    return this;
  }

  /** Advances the time by seconds. At the end of each, calls `before` and then checks the book. */
  seconds(count: number, before: () => void = () => {}): this {
    for (let second = 0; second < count; second++) {
      this.now += 1000;
      before();
      this.#crossed.sweep(this.now);
    }
    return this;
  }
}

describe('CrossedBooks', () => {
  it('reports nothing while trades and best prices lie within the book', () => {
    const books = new Books();
    books.seconds(10, () => books.trade('99').trade('101').quote('99', '101'));
    expect(books.said).toEqual([]);
  });

  it.each([
    ['below the best bid', '98.5'],
    ['above the best ask', '101.5'],
  ])('marks a book as stale that has not changed for two seconds since a trade %s', (_, price) => {
    const books = new Books();
    books.seconds(2, () => books.trade(price));
    expect(books.said).toEqual([]);
    books.seconds(1, () => books.trade(price));
    expect(books.said).toEqual(['BTCUSDT is stale: trades cross the book']);
  });

  it.each([
    ['with its time', 20_000],
    ['without a time', null],
  ])('marks a book as stale that newer best prices cross: %s', (_, timestamp) => {
    const books = new Books();
    books.seconds(3, () => books.quote('101', '102', timestamp));
    expect(books.said).toEqual(['BTCUSDT is stale: the best prices cross the book']);
  });

  it('accepts trades outside a book that changes within two seconds, as after a large market order', () => {
    const books = new Books();
    books.seconds(1, () => books.trade('98'));
    books.seconds(1, () => books.changes('97', '98'));
    books.seconds(5, () => books.trade('98').quote('97', '98'));
    expect(books.said).toEqual([]);
  });

  it('ignores block and RPI trades, fetched trades, and trades from before the last change', () => {
    const books = new Books();
    books.seconds(5, () => books.trade('90', { conditions: ['block'] }));
    books.seconds(5, () => books.trade('90', { conditions: ['rpi'] }));
    books.seconds(5, () => books.trade('90', { source: 'backfill' }));
    books.seconds(5, () => books.trade('90', { timestamp: 10_000 }));
    expect(books.said).toEqual([]);
  });

  it('begins a changing book again if the best prices cross it for five seconds, at most twice a minute', () => {
    const books = new Books();
    const wrong = () => books.changes('99', '101').quote('102', '103');
    books.seconds(5, wrong);
    expect(books.said).toEqual([]);
    books.seconds(1, wrong);
    expect(books.said).toEqual(['BTCUSDT begins again']);
    books.seconds(29, wrong);
    expect(books.said).toHaveLength(1);
    books.seconds(1, wrong);
    expect(books.said).toHaveLength(2);
  });

  it('does not compare a book that changes with best prices that are old', () => {
    const books = new Books().quote('102', '103');
    books.seconds(20, () => books.changes('99', '101'));
    expect(books.said).toEqual([]);
  });
});

describe('BookWitness', () => {
  const trade = (price: string, receivedAt: number) => tradeEvent(1, { price, receivedAt });
  const quote = (bidPrice: string | null, askPrice: string, receivedAt: number) =>
    bookTicker(1, { bidPrice, askPrice, receivedAt });

  it('has no price before the first trade or quote', () => {
    expect(new BookWitness().price).toBeNull();
  });

  it.each([
    ['a trade alone', [trade('100', 5)], { price: '100', receivedAt: 5 }],
    ['the mid of a newer quote', [trade('100', 5), quote('101', '101.01', 6)], { price: '101.005', receivedAt: 6 }],
    ['a newer trade', [quote('101', '102', 6), trade('100', 7)], { price: '100', receivedAt: 7 }],
    ['the trade if the bid side is empty', [trade('100', 5), quote(null, '102', 6)], { price: '100', receivedAt: 5 }],
  ])('has the price of %s', (_, events, price) => {
    const witness = new BookWitness();
    for (const event of events) witness.passed(event, 0);
    expect(witness.price).toEqual(price);
  });
});
