import { describe, expect, it } from 'vitest';
import type { CheckItem } from '../../../src/cli/live-check/check-item.ts';
import { CheckedVenue } from '../../../src/cli/live-check/checked-venue.ts';
import { unreadFields } from '../../../src/cli/live-check/unread-fields.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { Channel, Instrument } from '../../../src/domain/instrument.ts';
import type { VenueEvent } from '../../../src/domain/venue-event.ts';
import { planConnections } from '../../../src/venues/connection/plan-connections.ts';
import { venues } from '../../../src/venues/registry.ts';

const BTC: Instrument = { coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' };
const URLS = ['wss://one', 'wss://two'];
const LAST = 20_000;

/** A check of two lines of Binance; frames pass through the venue's own decoder. */
function check(channels: readonly Channel[]) {
  const venue = venues.binance;
  const context = { environment: 'simulated', instruments: new Map([['BTCUSDT', BTC]]) } as const;
  const plans = planConnections(venue, { instruments: [BTC], channels, lines: 2, websocketUrls: URLS });
  const checked = new CheckedVenue({ venue, context, channels, plans, startedAt: 0 });
  const decoders = checked.connections.map(() => venue.newDecoder(context));
  const event = (line: number, one: VenueEvent, at: number): void => {
    const connection = checked.connections[line];
    if (connection !== undefined) checked.event(connection, one, at);
  };
  return {
    event,
    opened(...lines: readonly number[]) {
      for (const line of lines) {
        event(line, { kind: 'connected', url: URLS[line] ?? '' }, 10);
        event(line, { kind: 'subscribed', topics: plans[line]?.topics ?? [] }, 20);
        checked.connections[line]?.pinged(30);
        event(line, { kind: 'answered', what: 'pong' }, 40);
      }
    },
    frame(line: number, value: object, at = 100) {
      const raw = { data: Buffer.from(JSON.stringify(value)), binary: false, receivedAt: at * 1000 };
      const connection = checked.connections[line];
      if (connection !== undefined) checked.frame(connection, raw);
      const decoded = decoders[line]?.(raw);
      if (decoded?.kind === 'malformed') event(line, { ...decoded, frame: raw }, at);
      else if (decoded?.kind === 'value' || decoded?.kind === 'ignored') event(line, decoded, at);
    },
    fetched(
      lastUpdateId: number,
      bids: readonly (readonly string[])[],
      asks: readonly (readonly string[])[],
      at = 100,
    ) {
      const request = venue.book?.({ instrument: BTC, environment: 'simulated', receivedAt: () => 0, levels: 100 });
      if (request !== undefined) checked.books.fetchedBook(request.parse({ lastUpdateId, bids, asks }), at);
    },
    pinged: (line: number, at: number) => checked.connections[line]?.pinged(at),
    books: checked.books,
    item: (name: string): CheckItem | undefined => checked.items(LAST).find((one) => one.name === name),
    results: () => checked.items(LAST).map(({ name, result }) => `${result} ${name}`),
  };
}

const trade = (t: number, p = '61837.63000000') => ({
  stream: 'btcusdt@trade',
  data: { e: 'trade', E: 1723161255343, s: 'BTCUSDT', t, p, q: '0.02000000', T: 1723161255342, m: true, M: true },
});

const depth = (U: number, u: number, b: readonly (readonly string[])[] = []) => ({
  stream: 'btcusdt@depth@100ms',
  data: { e: 'depthUpdate', E: 1723161255343, s: 'BTCUSDT', U, u, b, a: [] },
});

const best = (u: number, b: string, a: string) => ({
  stream: 'btcusdt@bookTicker',
  data: { u, s: 'BTCUSDT', b, B: '1', a, A: '1' },
});

describe('CheckedVenue', () => {
  it('passes two lines with the same trades', () => {
    const { opened, frame, results } = check(['trade']);
    opened(0, 1);
    for (const id of [7, 8, 9]) for (const line of [0, 1]) frame(line, trade(id));
    expect(results()).toEqual([
      'pass handshake',
      'pass connection held',
      'pass acknowledgement',
      'pass heartbeats',
      'pass data: trade',
      'pass frames decoded',
      'pass trade ids',
      'pass lines agree: trades',
      'info fields not read',
    ]);
  });

  it('names the trade that one line did not get, and the gap in its ids', () => {
    const { opened, frame, item } = check(['trade']);
    opened(0, 1);
    for (const id of [7, 8, 9]) frame(0, trade(id));
    for (const id of [7, 9]) frame(1, trade(id));
    expect(item('trade ids')).toMatchObject({ result: 'fail', detail: 'line 2, BTCUSDT trade: after 7 comes 9' });
    expect(item('lines agree: trades')).toMatchObject({
      result: 'fail',
      detail: 'BTCUSDT trade 8 came on line 1 alone',
    });
  });

  it('does not miss trades that came before the other line began, or after it ended', () => {
    const { opened, frame, item } = check(['trade']);
    opened(0, 1);
    for (const id of [5, 6, 7, 8]) frame(0, trade(id));
    for (const id of [7, 8, 9]) frame(1, trade(id));
    expect(item('lines agree: trades')).toMatchObject({ result: 'pass', detail: '2 trades are the same on both' });
  });

  it('shows a trade whose price differs between the lines', () => {
    const { opened, frame, item } = check(['trade']);
    opened(0, 1);
    frame(0, trade(7));
    frame(1, trade(7, '1'));
    expect(item('lines agree: trades')?.detail).toMatch(/^BTCUSDT trade 7 is 61837\.63 .* on line 1, 1 .* on line 2$/);
  });

  it('fails a channel without data on one line, and one whose first data is late', () => {
    const { opened, frame, item } = check(['trade']);
    opened(0, 1);
    frame(0, trade(7), 10_011);
    expect(item('data: trade')).toMatchObject({
      result: 'fail',
      detail: 'line 1: first data only after 10 s; line 2: no data',
    });
  });

  it('says why a line was refused, and checks the other one', () => {
    const { opened, event, item } = check(['trade']);
    opened(0);
    const fault = new Fault('region_blocked', 'HTTP 451: not here');
    event(1, { kind: 'disconnected', blocked: true, fault }, 50);
    expect(item('handshake')).toMatchObject({ result: 'fail', detail: 'line 2: HTTP 451: not here' });
    expect(item('acknowledgement')?.result).toBe('pass');
  });

  it('names refused topics, and topics without an answer', () => {
    const { event, item } = check(['trade', 'ticker']);
    for (const line of [0, 1]) event(line, { kind: 'connected', url: '' }, 10);
    const fault = new Fault('subscription_rejected', 'invalid stream');
    event(0, { kind: 'refused', topics: ['btcusdt@trade'], fault }, 20);
    event(1, { kind: 'subscribed', topics: ['btcusdt@trade'] }, 20);
    expect(item('acknowledgement')?.detail).toBe(
      'line 1: refused: btcusdt@trade (invalid stream); line 2: no answer for btcusdt@ticker',
    );
  });

  it('fails a line whose last ping has no answer for five seconds', () => {
    const { opened, item, pinged } = check(['trade']);
    opened(0, 1);
    expect(item('heartbeats')?.detail).toBe('10 ms at most');
    pinged(1, LAST - 5100);
    expect(item('heartbeats')).toMatchObject({ result: 'fail', detail: 'line 2: an answer took 5.1 s or longer' });
  });

  it('shows a frame that cannot be decoded, and lists an unknown event as information', () => {
    const { opened, frame, item } = check(['trade']);
    opened(0, 1);
    frame(0, trade(7, 'NaN'));
    frame(1, { stream: 'btcusdt@auction', data: { e: 'auction', s: 'BTCUSDT' } });
    expect(item('frames decoded')).toMatchObject({ result: 'fail' });
    expect(item('frames decoded')?.detail).toMatch(/^1 of 2 not; data\.p .*"stream":"btcusdt@trade"/);
    expect(item('unknown or odd')).toMatchObject({
      result: 'info',
      detail: 'line 2: unknown_event 1 times, first {"stream":"btcusdt@auction","data":{"e":"auction","s":"BTCUSDT"}}',
    });
  });

  it('lists a new field of a venue, which the decoder does not read', () => {
    const { opened, frame, item } = check(['trade']);
    opened(0, 1);
    const { stream, data } = trade(7);
    frame(0, { stream, data: { ...data, pq: { rate: '1' } } });
    expect(item('fields not read')?.detail).toBe('trade: data.M data.pq data.pq.rate');
  });
});

it('unreadFields does not list a field that is read and often absent, such as RPI of Bybit', () => {
  const context = { environment: 'simulated', instruments: new Map([['BTCUSDT', BTC]]) } as const;
  const trade = {
    T: 1672304486865,
    s: 'BTCUSDT',
    S: 'Buy',
    v: '0.001',
    p: '16578.50',
    i: '2290000000162346789',
    BT: false,
    RPI: false,
  };
  const frame = { topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts: 1672304486868, data: [{ ...trade, seq: 1 }] };
  const raw = { data: Buffer.from(JSON.stringify(frame)), binary: false, receivedAt: 0 };
  expect(unreadFields(venues.bybit, context, raw)).toEqual(['type', 'data.0.seq']);
});

describe('CheckedVenue with books', () => {
  const BIDS = [
    ['100', '1'],
    ['99', '1'],
  ];
  const ASKS = [['101', '1']];

  /** Returns a check of two lines whose books are complete up to update id 12. */
  function inStep(channels: readonly Channel[] = ['depth']) {
    const venue = check(channels);
    venue.opened(0, 1);
    for (const line of [0, 1]) venue.frame(line, depth(11, 12, [['99.5', '2']]));
    expect(venue.books.wanted).toEqual(['BTCUSDT']);
    venue.fetched(10, BIDS, ASKS);
    return venue;
  }

  it('compares the books of both lines at equal update ids', () => {
    const { frame, item } = inStep();
    for (const line of [0, 1]) frame(line, depth(13, 14, [['99.6', '1']]));
    expect(item('book updates')?.result).toBe('pass');
    expect(item('lines agree: book')).toMatchObject({ result: 'pass', detail: 'equal levels at 2 common states' });
    expect(item('update ids')?.detail).toBe('2 of 2 of line 1 came on line 2, too');
  });

  it('names the update id at which the lines differ', () => {
    const { frame, item } = inStep();
    frame(0, depth(13, 14, [['99.6', '1']]));
    frame(1, depth(13, 14, [['99.6', '3']]));
    expect(item('lines agree: book')).toMatchObject({
      result: 'fail',
      detail: 'BTCUSDT at 14: line 1 and line 2 differ',
    });
  });

  it('fails updates that do not follow each other', () => {
    const { frame, item } = inStep();
    frame(0, depth(15, 16));
    expect(item('book updates')).toMatchObject({
      result: 'fail',
      detail: 'line 1, BTCUSDT: updates are missing: after 12 comes 15',
    });
  });

  it('compares a book with a later answer by REST', () => {
    const { books, frame, fetched, item } = inStep();
    expect(item('book and REST')?.result).toBe('fail');
    books.compareWithRest('BTCUSDT');
    fetched(12, [['99.5', '2'], ...BIDS], ASKS);
    frame(0, depth(13, 14));
    expect(item('book and REST')).toMatchObject({ result: 'pass' });
  });

  it('fails a book that is not what REST answers', () => {
    const { books, fetched, item } = inStep();
    books.compareWithRest('BTCUSDT');
    fetched(12, BIDS, ASKS);
    expect(item('book and REST')).toMatchObject({
      result: 'fail',
      detail: 'BTCUSDT at 12: line 1 and the book by REST differ',
    });
  });

  it('fails a book that stands still while the book ticker moves', () => {
    const { frame, item } = inStep(['depth', 'book_ticker']);
    for (const line of [0, 1]) {
      frame(line, best(12, '100', '101'), 200);
      frame(line, best(13, '102', '103'), 5000);
    }
    expect(item('book and book ticker')?.detail).toContain(
      'best prices differed for 15 s (book 100/101, ticker 102/103)',
    );
  });

  it('allows a book that follows the book ticker within three seconds', () => {
    const { frame, item } = inStep(['depth', 'book_ticker']);
    frame(0, best(12, '100', '101'), 200);
    frame(0, best(13, '100.5', '101'), 5000);
    frame(0, depth(13, 13, [['100.5', '1']]), 5100);
    expect(item('book and book ticker')).toMatchObject({
      result: 'pass',
      detail: 'best prices differed for 100 ms at most',
    });
  });
});
