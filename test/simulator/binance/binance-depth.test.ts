import { describe, expect, it } from 'vitest';
import { type Levels, NaiveBook, numbered } from '../naive-book.ts';
import { VirtualVenue } from '../virtual-venue.ts';

interface Update {
  readonly e: 'depthUpdate';
  readonly U: number;
  readonly u: number;
  readonly b: Levels;
  readonly a: Levels;
}

interface Snapshot {
  readonly lastUpdateId: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

interface BookTicker {
  readonly u: number;
  readonly b: string;
  readonly B: string;
  readonly a: string;
  readonly A: string;
}

/** A client that keeps a book by the documented rule. */
class RuleClient {
  book: NaiveBook;
  id: number;
  /** The lowest and highest price of the snapshot. Beyond them, only changed levels are known. */
  readonly lowest: number;
  readonly highest: number;

  constructor({ lastUpdateId, bids, asks }: Snapshot) {
    this.book = new NaiveBook(bids, asks);
    this.id = lastUpdateId;
    this.lowest = Number(bids.at(-1)?.[0]);
    this.highest = Number(asks.at(-1)?.[0]);
  }

  apply({ U, u, b, a }: Update): void {
    if (u <= this.id) return;
    if (U > this.id + 1) throw new Error(`U ${U} after ${this.id}`);
    this.book.set(b, a);
    this.id = u;
  }
}

function depth(venue: VirtualVenue, limit: number, symbol = 'BTCUSDT'): Snapshot {
  return venue.rest(`/api/v3/depth?symbol=${symbol}&limit=${limit}`).body as Snapshot;
}

function expectSame({ book, id, lowest, highest }: RuleClient, snapshot: Snapshot): void {
  expect(id).toBe(snapshot.lastUpdateId);
  const [bids, asks] = [numbered(snapshot.bids), numbered(snapshot.asks)];
  const floor = Math.max(lowest, bids.at(-1)?.[0] ?? 0);
  const ceiling = Math.min(highest, asks.at(-1)?.[0] ?? 0);
  expect(book.bidLevels(floor)).toEqual(bids.filter(([price]) => price >= floor));
  expect(book.askLevels(ceiling)).toEqual(asks.filter(([price]) => price <= ceiling));
  expect(book.bidLevels(floor).length).toBeGreaterThan(1_000);
}

describe('simulated Binance: depth', () => {
  it('keeps a book equal to a later REST snapshot, on both streams and from any start', { timeout: 60_000 }, () => {
    const venue = new VirtualVenue('binance', 150, 1);
    const lines = ['btcusdt@depth@100ms', 'btcusdt@depth'].map((stream) => {
      const line = venue.open(`/ws/${stream}`);
      return { line, seen: [] as Update[], clients: [] as RuleClient[] };
    });
    venue.run(30_000, () => {
      for (const { line, seen, clients } of lines) {
        const fresh = line.take<Update>();
        for (const update of fresh) for (const client of clients) client.apply(update);
        seen.push(...fresh);
        // Clients start at any moment of an update interval. Each has the last event before its snapshot in its buffer.
        if (venue.now % 6_665 !== 0) continue;
        const client = new RuleClient(depth(venue, 5_000));
        for (const update of seen.slice(-1)) client.apply(update);
        clients.push(client);
      }
    });
    const snapshot = depth(venue, 5_000);
    for (const { seen, clients } of lines) {
      expect(seen.slice(1).map(({ U }) => U)).toEqual(seen.slice(0, -1).map(({ u }) => u + 1));
      expect(clients.length).toBeGreaterThan(3);
      for (const client of clients) expectSame(client, snapshot);
    }
    const [fast, slow] = lines.map(({ seen }) => seen.length);
    expect(fast).toBeGreaterThan(225);
    expect(slow).toBeGreaterThan(27);
  });

  it('agrees with the best prices and the partial books, and is never crossed', () => {
    const venue = new VirtualVenue('binance', 1_000, 1);
    const partials = [5, 10, 20].flatMap((levels) => [`btcusdt@depth${levels}@100ms`, `btcusdt@depth${levels}`]);
    const line = venue.open(`/stream`);
    line.send({ method: 'SUBSCRIBE', params: ['btcusdt@bookTicker', 'btcusdt@depth@100ms', ...partials], id: 1 });
    const client = new RuleClient(depth(venue, 5_000));
    line.take();
    const counts = new Map<string, number>();
    let ticker: BookTicker | undefined;
    let last = 0;
    let compared = 0;
    venue.run(6_000, () => {
      for (const { stream, data } of line.take<{ stream: string; data: Update | Snapshot | BookTicker }>()) {
        counts.set(stream, (counts.get(stream) ?? 0) + 1);
        if ('b' in data && typeof data.b === 'string') ticker = data as BookTicker;
        else if ('U' in data) client.apply(data);
        else if ('lastUpdateId' in data) {
          const { lastUpdateId, bids, asks } = data;
          expect(lastUpdateId).toBe(client.id);
          expect(numbered(bids)).toEqual(client.book.bidLevels(client.book.bestBid - 50).slice(0, bids.length));
          expect(numbered(asks)).toEqual(client.book.askLevels(client.book.bestAsk + 50).slice(0, asks.length));
          expect([bids.length, asks.length].map(String)).toEqual([
            /\d+/.exec(stream.slice(8))?.[0],
            /\d+/.exec(stream.slice(8))?.[0],
          ]);
        }
      }
      if (client.id === last || ticker?.u !== client.id) return;
      last = client.id;
      compared++;
      const { book } = client;
      expect(book.bestBid).toBeLessThan(book.bestAsk);
      expect([book.bestBid, book.bids.get(book.bestBid)]).toEqual([Number(ticker.b), ticker.B]);
      expect([book.bestAsk, book.asks.get(book.bestAsk)]).toEqual([Number(ticker.a), ticker.A]);
    });
    expect(compared).toBeGreaterThan(55);
    for (const stream of partials)
      expect(counts.get(stream)).toBeGreaterThanOrEqual(stream.endsWith('@100ms') ? 57 : 5);
  });

  it.each([
    [1, 1, 5],
    [100, 100, 5],
    [101, 101, 25],
    [500, 500, 25],
    [1_000, 1_000, 50],
    [5_000, 5_000, 250],
    [9_000, 5_000, 250],
  ])('answers limit=%i with %i levels at a weight of %i', (limit, levels, weight) => {
    const venue = new VirtualVenue('binance');
    const { headers, body } = venue.rest(`/api/v3/depth?symbol=BTCUSDT&limit=${limit}`);
    const { bids, asks } = body as Snapshot;
    expect([bids.length, asks.length, headers['X-MBX-USED-WEIGHT-1M']]).toEqual([levels, levels, `${weight}`]);
  });

  it('returns 100 levels by default, best first', () => {
    const { bids, asks } = new VirtualVenue('binance').rest('/api/v3/depth?symbol=BTCUSDT').body as Snapshot;
    expect(bids).toHaveLength(100);
    const prices = (levels: Levels) => levels.map(([price]) => Number(price));
    expect(prices(bids)).toEqual(prices(bids).sort((a, b) => b - a));
    expect(prices(asks)).toEqual(prices(asks).sort((a, b) => a - b));
    expect(prices(bids)[0]).toBeLessThan(prices(asks)[0] as number);
  });

  it.each([
    ['limit=abc', -1100],
    ['limit=0', -1130],
  ])('refuses %s with code %i', (query, code) => {
    const { status, body } = new VirtualVenue('binance').rest(`/api/v3/depth?symbol=BTCUSDT&${query}`);
    expect([status, (body as { code: number }).code]).toEqual([400, code]);
  });

  it('restarts its update ids after a testnet reset, by REST and on every stream', () => {
    const venue = new VirtualVenue('binance_testnet');
    const streams = ['btcusdt@depth@100ms', 'btcusdt@depth', 'btcusdt@bookTicker'].join('/');
    venue.open(`/ws/${streams}`);
    venue.run(2_345);
    expect(depth(venue, 5).lastUpdateId).toBeGreaterThan(1_000_000);
    venue.fault({ fault: 'testnet_reset' });
    // The ids restart at once, before the first event after the reset.
    expect(depth(venue, 5).lastUpdateId).toBe(1);
    const line = venue.open(`/ws/${streams}`);
    const client = new RuleClient(depth(venue, 5_000));
    venue.run(10_655);
    const events = line.take<Update | BookTicker>();
    expect(Math.max(...events.map(({ u }) => u))).toBeLessThan(100_000);
    const updates = events.filter((event): event is Update => 'U' in event);
    expect(updates.filter(({ U }) => U === 2)).toHaveLength(2);
    for (const update of updates) client.apply(update);
    expectSame(client, depth(venue, 5_000));
  });

  it('shows a gap of exactly the updates that skip_book skips, on one line and symbol only', () => {
    const venue = new VirtualVenue('binance');
    const streams = 'btcusdt@depth@100ms/ethusdt@depth@100ms/btcusdt@depth5@100ms';
    const [first, second] = [venue.open(`/ws/${streams}`), venue.open(`/ws/${streams}`)];
    venue.run(1_000);
    const before = second.texts.filter((text) => text.includes('"s":"BTCUSDT"')).length;
    venue.fault({ fault: 'skip_book', line: 1, symbol: 'BTCUSDT', count: 3 });
    venue.run(2_000);
    const updates = (symbol: string, messages: readonly (Update & { s?: string })[]) =>
      messages.filter(({ s }) => s === symbol);
    const [one, two] = [first.take<Update & { s?: string }>(), second.take<Update & { s?: string }>()];
    const have = new Set(updates('BTCUSDT', one).map(({ u }) => u));
    const missing = updates('BTCUSDT', two).filter(({ u }) => !have.has(u));
    expect(missing).toEqual(updates('BTCUSDT', two).slice(before, before + 3));
    expect(updates('ETHUSDT', one)).toEqual(updates('ETHUSDT', two));
    const partials = (messages: readonly object[]) => messages.filter((message) => 'lastUpdateId' in message);
    expect(partials(one)).toEqual(partials(two));
  });

  it('shows a gap on every line and symbol if skip_book names none', () => {
    const venue = new VirtualVenue('binance');
    const streams = 'btcusdt@depth@100ms/ethusdt@depth@100ms/btcusdt@trade';
    const lines = [venue.open(`/ws/${streams}`), venue.open(`/ws/${streams}`)];
    venue.run(500);
    for (const line of lines) line.take();
    venue.fault({ fault: 'skip_book' });
    venue.run(1_000);
    for (const line of lines)
      for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
        const updates = line.texts
          .map((text) => JSON.parse(text) as Update & { s: string })
          .filter(({ e, s }) => e === 'depthUpdate' && s === symbol);
        const gaps = updates.slice(1).filter(({ U }, i) => U !== (updates[i]?.u ?? 0) + 1);
        expect(updates.length).toBeGreaterThan(10);
        expect(gaps).toHaveLength(1);
      }
  });
});
