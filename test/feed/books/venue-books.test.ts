import { defer, delay, NEVER, type Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { BookUpdate } from '../../../src/domain/market-event.ts';
import { VenueBooks } from '../../../src/feed/books/venue-books.ts';
import type { StatusNote } from '../../../src/feed/status/status-numbering.ts';
import { bookUpdate } from '../../../testing/judges/events.ts';
import { SteppedScheduler } from '../../venues/stepped-scheduler.ts';

interface Setting {
  /** Answers request `attempt`, counted from 1. */
  readonly fetch?: (symbol: string, attempt: number, larger: number) => Observable<BookUpdate>;
  readonly lines?: number;
  readonly answerMs?: number;
  /** Symbols for which only urgent requests are sent after the first two requests. */
  readonly waits?: ReadonlySet<string>;
}

/**
 * The books of one venue in virtual time. `emitted` lists each step with its time, and `late` if it came without a
 * frame.
 */
function setUp({ fetch, lines = 2, answerMs = 10, waits = new Set() }: Setting) {
  const scheduler = new SteppedScheduler();
  const emitted: string[] = [];
  const reported: StatusNote[] = [];
  const asked: string[] = [];
  const resubscribed: string[] = [];
  const counted: string[] = [];
  let inFlight = 0;
  let most = 0;
  const books = new VenueBooks({
    fetchBook:
      fetch === undefined
        ? undefined
        : ({ symbol }, { larger, isUrgent, onSent }) =>
            defer(() => {
              if (waits.has(symbol) && !isUrgent && asked.length > 1) return NEVER;
              onSent();
              asked.push(`${scheduler.now()} ${symbol}`);
              most = Math.max(most, ++inFlight);
              return fetch(symbol, asked.length, larger).pipe(delay(answerMs, scheduler));
            }),
    venue: { id: 'binance' },
    environment: 'production',
    count: (what) => counted.push(what),
    lines: {
      bySymbol: (symbol) => ({ coin: symbol.slice(0, -4), symbol, venueSymbol: symbol }),
      bookTopicsOf: () => [],
      resubscribe: ({ symbol }) => {
        resubscribed.push(`${scheduler.now()} ${symbol}`);
        return [];
      },
    },
    scheduler,
    out: (signal) => {
      if (signal.kind === 'status') {
        reported.push(signal.note);
        return;
      }
      if (signal.kind !== 'value') throw new Error(`a book emits ${signal.kind}`);
      if (signal.late === true && fetch !== undefined) inFlight = Math.max(0, inFlight - 1);
      for (const event of signal.value) {
        if (event.kind !== 'book') throw new Error(`a book emits a ${event.kind}`);
        const { step, symbol } = event;
        const id = step.kind === 'changed' ? step.update.lastUpdateId : step.kind === 'replaced' ? step.updateId : '';
        emitted.push(`${scheduler.now()} ${symbol} ${step.kind} ${id}`.trim() + (signal.late === true ? ' late' : ''));
      }
    },
  });
  for (let line = 1; line <= lines; line++) books.lineJoined(line);
  const update = (line: number, first: number, last = first, symbol = 'BTCUSDT') =>
    books.updated(line, [bookUpdate(last, { firstUpdateId: String(first), symbol })]);
  const sent = (line: number, id: number) => books.updated(line, [bookUpdate(id, { snapshot: true })]);
  return { scheduler, books, emitted, reported, asked, resubscribed, counted, update, sent, most: () => most };
}

const whole = (id: number, symbol = 'BTCUSDT') => of(bookUpdate(id, { snapshot: true, symbol }));

describe('VenueBooks', () => {
  it('fetches the complete book at the first change, and applies later changes to it', () => {
    const { scheduler, emitted, asked, update } = setUp({ fetch: () => whole(11) });
    update(1, 10, 12);
    update(2, 10, 12);
    expect(asked).toEqual(['0 BTCUSDT']);
    scheduler.advance(10);
    update(1, 13);
    update(2, 13);
    expect(emitted).toEqual(['10 BTCUSDT replaced 12 late', '10 BTCUSDT changed 13']);
  });

  it('fetches the complete book 1 s after the subscription if it does not change', () => {
    const { scheduler, emitted, asked, books } = setUp({ fetch: () => whole(11) });
    const btc = { coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' };
    books.subscribed([btc]);
    books.subscribed([btc]);
    scheduler.advance(20_000);
    expect(asked).toEqual(['1000 BTCUSDT']);
    expect(emitted).toEqual(['1010 BTCUSDT replaced 11 late']);
  });

  it('fetches a book again after 1 s if it has not begun, then less and less often', () => {
    const empty = of(bookUpdate(0, { snapshot: true, bids: [], asks: [] }));
    const { scheduler, emitted, asked, counted, books } = setUp({
      fetch: (_, attempt) => (attempt < 5 ? empty : whole(7)),
    });
    books.subscribed([{ coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' }]);
    scheduler.advance(60_000);
    expect(asked.map((text) => Number(text.split(' ')[0]))).toEqual([1000, 2010, 4020, 8030, 16_040]);
    expect(emitted).toEqual(['1010 BTCUSDT replaced 0 late', '16050 BTCUSDT replaced 7 late']);
    expect(counted).toEqual([]);
  });

  it('fetches a book at once if its first update shows a gap while it waits to be fetched again', () => {
    const { scheduler, emitted, asked, books, update } = setUp({
      fetch: (_, attempt) => (attempt < 5 ? of(bookUpdate(0, { snapshot: true, bids: [], asks: [] })) : whole(90)),
      lines: 1,
    });
    books.subscribed([{ coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' }]);
    scheduler.advance(10_000);
    update(1, 80, 90);
    scheduler.advance(60_000);
    expect(asked.slice(4)).toEqual(['10000 BTCUSDT']);
    expect(emitted.slice(1)).toEqual(['10000 BTCUSDT stale', '10010 BTCUSDT replaced 90 late']);
  });

  it('fetches no book if the last line is lost', () => {
    const { scheduler, asked, books } = setUp({ fetch: () => whole(11), lines: 1 });
    books.subscribed([{ coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' }]);
    books.lineLost(1);
    scheduler.advance(20_000);
    expect(asked).toEqual([]);
  });

  it('waits for the other line if one skips a change, and fetches nothing if that line has it', () => {
    const { scheduler, emitted, asked, update } = setUp({ fetch: () => whole(10) });
    update(1, 10);
    update(2, 10);
    scheduler.advance(10);
    update(1, 12);
    scheduler.advance(499);
    update(2, 11);
    scheduler.advance(10_000);
    expect(emitted).toEqual(['10 BTCUSDT replaced 10 late', '509 BTCUSDT changed 11', '509 BTCUSDT changed 12']);
    expect(asked).toHaveLength(1);
  });

  it('fetches a book again at once if all lines skip a change, without an effect on other symbols', () => {
    const ids: Readonly<Record<number, number>> = { 1: 10, 2: 10, 3: 12 };
    const { scheduler, counted, emitted, update } = setUp({
      fetch: (symbol, attempt) => whole(ids[attempt] ?? 0, symbol),
    });
    update(1, 10);
    update(2, 10);
    update(1, 10, 10, 'ETHUSDT');
    scheduler.advance(10);
    update(1, 12);
    scheduler.advance(5);
    update(2, 12);
    update(1, 11, 11, 'ETHUSDT');
    scheduler.advance(10);
    expect(emitted).toEqual([
      '10 BTCUSDT replaced 10 late',
      '10 ETHUSDT replaced 10 late',
      '15 BTCUSDT stale',
      '15 ETHUSDT changed 11',
      '25 BTCUSDT replaced 12 late',
    ]);
    expect(counted).toEqual(['book_out_of_step']);
  });

  it('fetches more levels when fewer than half are left: a larger size if soon again, then once a second', () => {
    const sizes: number[] = [];
    const level = (price: string, quantity = '1') => ({ price, quantity });
    const bids = ['104', '103', '102', '101'].map((price) => level(price));
    const { scheduler, books, emitted, asked, update } = setUp({
      fetch: (_, attempt, larger) => {
        sizes.push(larger);
        return of(bookUpdate(9 + attempt, { snapshot: true, limit: 4, bids, asks: [level('105'), level('106')] }));
      },
    });
    update(1, 10);
    scheduler.advance(10);
    const gone = bids.slice(0, 3).map(({ price }) => level(price, '0'));
    for (const [id, afterMs] of [
      [11, 100],
      [12, 100],
      [13, 100],
      [14, 2000],
      [15, 70_000],
      [16, 2000],
    ] as const) {
      books.updated(1, [bookUpdate(id, { bids: gone, asks: [] })]);
      scheduler.advance(afterMs);
    }
    expect(sizes).toEqual([0, 1, 2, 3, 3, 3, 3]);
    expect(asked.map((text) => Number(text.split(' ')[0]))).toEqual([0, 10, 110, 210, 1220, 2310, 72_310]);
    expect(emitted.filter((text) => text.includes('stale'))).toEqual([]);
    expect(emitted.filter((text) => text.includes('replaced'))).toHaveLength(7);
  });

  it('fetches the first size again if the book is out of step for another reason', () => {
    const sizes: number[] = [];
    const bids = [{ price: '104', quantity: '1' }];
    const asks = [{ price: '105', quantity: '1' }];
    const { scheduler, books, update } = setUp({
      fetch: (_, attempt, larger) => {
        sizes.push(larger);
        return of(bookUpdate(10 * attempt, { snapshot: true, limit: 1, bids, asks }));
      },
      lines: 1,
    });
    update(1, 10);
    scheduler.advance(10);
    books.updated(1, [bookUpdate(11, { bids: [{ price: '104', quantity: '0' }], asks: [] })]);
    scheduler.advance(2000);
    update(1, 30);
    scheduler.advance(2000);
    expect(sizes).toEqual([0, 1, 0]);
  });

  it('fetches a book out of step before requests for more levels, also before its own', () => {
    const all = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'TRXUSDT'];
    const bids = ['104', '103', '102', '101'].map((price) => ({ price, quantity: '1' }));
    const { scheduler, books, asked, update } = setUp({
      fetch: (symbol, attempt) => of(bookUpdate(attempt <= 5 ? 10 : 20, { snapshot: true, limit: 4, symbol, bids })),
      lines: 1,
      answerMs: 5000,
    });
    for (const symbol of all) update(1, 10, 10, symbol);
    scheduler.advance(20_000);
    const gone = bids.slice(0, 3).map(({ price }) => ({ price, quantity: '0' }));
    for (const symbol of all.slice(0, 4)) books.updated(1, [bookUpdate(11, { symbol, bids: gone, asks: [] })]);
    update(1, 20, 20, 'TRXUSDT');
    books.updated(1, [bookUpdate(20, { symbol: 'XRPUSDT' })]);
    expect(asked.slice(5)).toEqual(['20000 BTCUSDT', '20000 TRXUSDT', '20000 XRPUSDT']);
    scheduler.advance(20_000);
    expect(asked.slice(8)).toEqual(['25000 ETHUSDT', '30000 SOLUSDT']);
  });

  it('fetches a book out of step at once, even if its request for more levels waits for the budget', () => {
    const sizes: number[] = [];
    const bids = ['104', '103', '102', '101'].map((price) => ({ price, quantity: '1' }));
    const { scheduler, books, emitted, asked, update } = setUp({
      fetch: (symbol, attempt, larger) => {
        sizes.push(larger);
        return of(bookUpdate(attempt <= 2 ? 10 : 12, { snapshot: true, limit: 4, bids, asks: [], symbol }));
      },
      waits: new Set(['BTCUSDT']),
    });
    const lose = (count: number, id: number, symbol = 'BTCUSDT') => {
      const gone = bids.slice(0, count).map(({ price }) => ({ price, quantity: '0' }));
      books.updated(1, [bookUpdate(id, { bids: gone, asks: [], symbol })]);
    };
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) update(1, 10, 10, symbol);
    scheduler.advance(10);
    lose(3, 11);
    lose(3, 11, 'ETHUSDT');
    scheduler.advance(1000);
    expect(asked).toEqual(['0 BTCUSDT', '0 ETHUSDT']);
    lose(4, 12);
    expect([asked.slice(2), sizes]).toEqual([
      ['1010 ETHUSDT', '1010 BTCUSDT'],
      [0, 0, 1, 1],
    ]);
    // ETH needs no new request: the answer to its last request has update 12.
    lose(4, 12, 'ETHUSDT');
    scheduler.advance(10);
    expect(asked).toHaveLength(4);
    expect(emitted.slice(-2)).toEqual(['1020 ETHUSDT replaced 12 late', '1020 BTCUSDT replaced 12 late']);
  });

  it('asks for the same number of levels again if a request for more levels fails', () => {
    const sizes: number[] = [];
    const bids = [{ price: '104', quantity: '1' }];
    const { scheduler, books, update } = setUp({
      fetch: (_, attempt, larger) => {
        sizes.push(larger);
        const answer = bookUpdate(9 + attempt, {
          snapshot: true,
          limit: 1,
          bids,
          asks: [{ price: '105', quantity: '1' }],
        });
        return attempt === 1 ? of(answer) : throwError(() => new Error('refused'));
      },
    });
    update(1, 10);
    scheduler.advance(10);
    books.updated(1, [bookUpdate(11, { bids: [{ price: '104', quantity: '0' }], asks: [] })]);
    scheduler.advance(10_000);
    expect(sizes).toEqual([0, 1, 1, 1, 1]);
  });

  it('fetches a book again after 500 ms if the other line does not bring a skipped change', () => {
    const { scheduler, emitted, update } = setUp({ fetch: (_, attempt) => whole(attempt === 1 ? 10 : 12) });
    update(2, 9);
    update(1, 10);
    scheduler.advance(10);
    update(1, 12);
    scheduler.advance(499);
    expect(emitted).toEqual(['10 BTCUSDT replaced 10 late']);
    scheduler.advance(1);
    expect(emitted.slice(1)).toEqual(['510 BTCUSDT stale late']);
    scheduler.advance(10);
    expect(emitted.slice(2)).toEqual(['520 BTCUSDT replaced 12 late']);
  });

  it('fetches a book again at once if there is no other line', () => {
    const { scheduler, emitted, asked, update } = setUp({ fetch: () => whole(10), lines: 1 });
    update(1, 10);
    scheduler.advance(10);
    update(1, 12);
    expect(emitted.slice(1)).toEqual(['10 BTCUSDT stale']);
    expect(asked).toEqual(['0 BTCUSDT', '10 BTCUSDT']);
  });

  it('retries with growing pauses if the request fails or the fetched book is too old', () => {
    const { scheduler, counted, emitted, asked, update } = setUp({
      fetch: (_, attempt) => (attempt === 1 ? throwError(() => new Error('503')) : whole(attempt === 2 ? 5 : 10)),
    });
    update(1, 10);
    scheduler.advance(20_000);
    expect(asked).toEqual(['0 BTCUSDT', '1000 BTCUSDT', '3010 BTCUSDT']);
    expect(counted).toEqual(['book_not_had']);
    expect(emitted).toEqual(['3020 BTCUSDT replaced 10 late']);
  });

  it('fetches at most three books at once', () => {
    const { scheduler, asked, emitted, update, most } = setUp({ fetch: (symbol) => whole(10, symbol) });
    for (const coin of ['A', 'B', 'C', 'D', 'E']) update(1, 10, 10, `${coin}USDT`);
    expect(asked).toEqual(['0 AUSDT', '0 BUSDT', '0 CUSDT']);
    scheduler.advance(30);
    expect(asked).toHaveLength(5);
    expect(emitted).toHaveLength(5);
    expect(most()).toBe(3);
  });

  it('subscribes a stale book again if the venue sends complete books by WebSocket', () => {
    const { scheduler, emitted, resubscribed, update, sent } = setUp({});
    sent(1, 10);
    update(1, 12);
    update(2, 12);
    expect(resubscribed).toEqual(['0 BTCUSDT']);
    sent(1, 13);
    scheduler.advance(60_000);
    expect(resubscribed).toHaveLength(1);
    expect(emitted).toEqual(['0 BTCUSDT replaced 10', '0 BTCUSDT stale', '0 BTCUSDT replaced 13']);
  });

  it('subscribes again with growing pauses until the book comes', () => {
    const { scheduler, resubscribed, update, sent } = setUp({ lines: 1 });
    sent(1, 10);
    update(1, 12);
    scheduler.advance(8000);
    expect(resubscribed).toEqual(['0 BTCUSDT', '1000 BTCUSDT', '3000 BTCUSDT', '7000 BTCUSDT']);
  });

  it('emits that a book is stale when the last line is lost', () => {
    const { emitted, books, sent } = setUp({});
    sent(1, 10);
    sent(2, 10);
    books.lineLost(1);
    expect(emitted).toEqual(['0 BTCUSDT replaced 10']);
    expect(books.current('BTCUSDT')).toMatchObject({ kind: 'book', step: { kind: 'replaced', updateId: '10' } });
    books.lineLost(2);
    expect(emitted.slice(1)).toEqual(['0 BTCUSDT stale late']);
    expect(books.current('BTCUSDT')).toBeUndefined();
    books.lineJoined(3);
    sent(3, 20);
    expect(emitted.slice(2)).toEqual(['0 BTCUSDT replaced 20']);
  });

  it('keeps a book in step when its line is replaced by one that has not delivered the symbol yet', () => {
    const { emitted, books, sent, update } = setUp({ lines: 1 });
    sent(1, 10);
    books.lineJoined(2);
    books.lineLost(1, 2);
    expect(books.current('BTCUSDT')).toBeDefined();
    update(2, 11);
    expect(emitted).toEqual(['0 BTCUSDT replaced 10', '0 BTCUSDT changed 11']);
  });

  it('emits nothing for a symbol that was removed while its book was fetched', () => {
    const { scheduler, emitted, books, update } = setUp({ fetch: () => whole(10) });
    update(1, 10);
    books.remove('BTCUSDT');
    scheduler.advance(60_000);
    expect(emitted).toEqual([]);
  });

  it('fetches nothing after it was closed, nor for a symbol that was removed', () => {
    const { scheduler, asked, emitted, books, update } = setUp({ fetch: () => throwError(() => new Error('503')) });
    update(1, 10);
    update(1, 10, 10, 'ETHUSDT');
    scheduler.advance(500);
    books.remove('ETHUSDT');
    scheduler.advance(600);
    expect(asked).toEqual(['0 BTCUSDT', '0 ETHUSDT', '1000 BTCUSDT']);
    books.close();
    scheduler.advance(100_000);
    expect(asked).toHaveLength(3);
    expect(emitted).toEqual([]);
  });
});

describe('two lines at the same matching sequence', () => {
  const best = (price: string, quantity = '1') => [{ price, quantity }];
  const begun = () => {
    const set = setUp({});
    const at = (id: number, fields: Partial<BookUpdate>) =>
      bookUpdate(id, { sequence: `${1000 + id}`, asks: [], ...fields });
    const sent = (line: number, id: number, fields: Partial<BookUpdate>) => set.books.updated(line, [at(id, fields)]);
    sent(1, 10, { snapshot: true, bids: [...best('99'), ...best('98')] });
    sent(2, 10, { snapshot: true, bids: [...best('99'), ...best('98')] });
    return { ...set, sent };
  };

  it('are not reported if their books are equal, even if a line groups the changes in another way', () => {
    const { reported, sent } = begun();
    sent(1, 11, { bids: best('99', '0') });
    sent(1, 12, { bids: best('97') });
    sent(2, 11, { sequence: '1012', bids: [...best('99', '0'), ...best('97')] });
    expect(reported).toEqual([]);
  });

  it('are reported once if a quantity differs', () => {
    const { reported, emitted, sent } = begun();
    for (const id of [11, 12]) {
      sent(1, id, { bids: best('99', '2') });
      sent(2, id, { bids: best('99', '3') });
    }
    expect(reported).toEqual([
      {
        state: 'lines_disagree',
        reason: 'two lines deliver different books of BTCUSDT at the same matching sequence',
        venue: 'binance',
        symbol: 'BTCUSDT',
        coin: 'BTC',
        channel: 'depth',
        details: { sequence: '1011' },
      },
    ]);
    expect(emitted.at(-1)).toBe('0 BTCUSDT changed 12');
  });

  it.each([
    ['a level that one line removed', { bids: best('99', '0') }, { bids: best('99') }],
    [
      'a whole book with another level',
      { bids: [] },
      { snapshot: true, bids: [...best('99'), ...best('98'), ...best('97')] },
    ],
  ])('are reported for %s', (_, first, second) => {
    const { reported, sent } = begun();
    sent(1, 11, first);
    sent(2, 11, second);
    expect(reported).toMatchObject([{ state: 'lines_disagree' }]);
  });

  it('are not compared while one line is behind', () => {
    const { reported, sent } = begun();
    sent(1, 11, { bids: best('99', '2') });
    sent(1, 12, { bids: best('99', '3') });
    sent(2, 11, { bids: best('99', '2') });
    expect(reported).toEqual([]);
  });
});
