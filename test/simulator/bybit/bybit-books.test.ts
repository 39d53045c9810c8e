import { describe, expect, it } from 'vitest';
import { type Levels, NaiveBook } from '../naive-book.ts';
import { type VirtualLine, VirtualVenue } from '../virtual-venue.ts';

interface Frame {
  readonly topic: string;
  readonly ts: number;
  readonly type: 'snapshot' | 'delta';
  readonly data: {
    readonly s: string;
    readonly b: Levels;
    readonly a: Levels;
    readonly u: number;
    readonly seq: number;
  };
  readonly cts: number;
}

interface RestBook {
  readonly result: {
    readonly b: Levels;
    readonly a: Levels;
    readonly u: number;
    readonly seq: number;
    readonly cts: number;
  };
}

/** A client of one topic that follows the documentation of the venue. */
class TopicClient {
  book: NaiveBook | undefined;
  u = 0;
  seq = 0;
  deltas = 0;
  snapshots = 0;
  gaps = 0;

  apply({ type, data: { b, a, u, seq } }: Frame): void {
    if (type === 'snapshot') {
      this.book = new NaiveBook(b, a);
      this.snapshots++;
    } else {
      if (u !== this.u + 1) this.gaps++;
      this.book?.set(b, a);
      this.deltas++;
      expect(seq).toBeGreaterThan(this.seq);
    }
    this.u = u;
    this.seq = seq;
  }

  get levels(): [number, number] {
    return [this.book?.bids.size ?? 0, this.book?.asks.size ?? 0];
  }
}

const topicOf = (levels: number, symbol = 'BTCUSDT') => `orderbook.${levels}.${symbol}`;

function listen(venue: VirtualVenue, ...args: string[]): VirtualLine {
  const line = venue.open('/v5/public/spot');
  line.send({ op: 'subscribe', args });
  return line;
}

function frames(line: VirtualLine): Frame[] {
  return line.take<Frame>().filter(({ topic }) => topic !== undefined);
}

function rest(venue: VirtualVenue, limit: number): RestBook['result'] {
  return (venue.rest(`/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=${limit}`).body as RestBook).result;
}

describe('simulated Bybit: order books', () => {
  it.each([
    [50, 20, 1_100],
    [200, 100, 265],
    [1_000, 200, 135],
  ])(
    'orderbook.%i keeps exactly its levels, with deltas no more often than every %i ms',
    { timeout: 60_000 },
    (levels, everyMs, least) => {
      const venue = new VirtualVenue('bybit', 500, 1);
      const line = listen(venue, topicOf(levels));
      const client = new TopicClient();
      let sentAt = 0;
      let wrong = 0;
      venue.run(30_000, () => {
        for (const frame of frames(line)) {
          client.apply(frame);
          if (frame.type === 'delta' && frame.ts - sentAt < everyMs) wrong++;
          if (frame.cts > frame.ts || frame.cts < frame.ts - 1_000) wrong++;
          sentAt = frame.ts;
          const [bids, asks] = client.levels;
          if (bids !== levels || asks !== levels) wrong++;
        }
      });
      expect([client.snapshots, client.gaps, wrong]).toEqual([1, 0, 0]);
      expect(client.deltas).toBeGreaterThan(least);
      // A snapshot is the book at the last delta: same id, same levels.
      const fresh = new TopicClient();
      for (const frame of frames(listen(venue, topicOf(levels)))) fresh.apply(frame);
      expect([fresh.u, fresh.seq]).toEqual([client.u, client.seq]);
      expect(fresh.book?.bidLevels()).toEqual(client.book?.bidLevels());
      expect(fresh.book?.askLevels()).toEqual(client.book?.askLevels());
      expect(fresh.book?.bestBid).toBeLessThan(fresh.book?.bestAsk as number);
    },
  );

  it('deletes a level with a size of "0" in a delta, and sends no zero size in a snapshot', () => {
    const venue = new VirtualVenue('bybit', 2_000, 1);
    const line = listen(venue, topicOf(50));
    venue.run(2_000);
    const [snapshot, ...deltas] = frames(line);
    const sizes = (frame: Frame) => [...frame.data.b, ...frame.data.a].map(([, size]) => size);
    expect(sizes(snapshot as Frame).filter((size) => Number(size) === 0)).toEqual([]);
    const zeros = new Set(deltas.flatMap(sizes).filter((size) => Number(size) === 0));
    expect(zeros).toEqual(new Set(['0']));
  });

  it('returns the 1000-level book by REST at its update id, with or without subscribers', () => {
    const venue = new VirtualVenue('bybit', 2_000, 1);
    const line = listen(venue, topicOf(1_000));
    const client = new TopicClient();
    let compared = 0;
    venue.run(5_000, () => {
      for (const frame of frames(line)) client.apply(frame);
      if (venue.now % 335 !== 0) return;
      const { b, a, u, seq } = rest(venue, 1_000);
      compared++;
      expect([u, seq]).toEqual([client.u, client.seq]);
      expect(new NaiveBook(b, a)).toEqual(
        new NaiveBook(asLevels(client.book?.bidLevels()), asLevels(client.book?.askLevels())),
      );
    });
    expect(compared).toBeGreaterThan(10);
    line.send({ op: 'unsubscribe', args: [topicOf(1_000)] });
    venue.run(1_000);
    const [one, two] = [rest(venue, 1), rest(venue, 1)];
    expect([one.u, one.b.length]).toEqual([client.u + 1, 1]);
    expect(two).toEqual(one);
    venue.run(1_000);
    expect(rest(venue, 1).u).toBe(client.u + 2);
  });

  it('sends a snapshot first at every new subscription of a connection', () => {
    const venue = new VirtualVenue('bybit', 2_000, 1);
    const line = listen(venue, topicOf(50));
    const other = listen(venue, topicOf(50));
    for (let round = 0; round < 3; round++) {
      venue.run(300);
      const [first, ...others] = frames(line).map(({ type }) => type);
      expect([first, new Set(others)]).toEqual(['snapshot', new Set(['delta'])]);
      expect(others.length).toBeGreaterThan(8);
      line.send({ op: 'unsubscribe', args: [topicOf(50)] });
      venue.run(round * 100);
      expect(frames(line)).toEqual([]);
      line.send({ op: 'subscribe', args: [topicOf(50)] });
    }
    expect(frames(other).filter(({ type }) => type === 'snapshot')).toHaveLength(1);
  });

  it('continues with the next update id after a time without subscribers', () => {
    const venue = new VirtualVenue('bybit', 2_000, 1);
    const line = listen(venue, topicOf(50));
    venue.run(1_000);
    const before = frames(line).at(-1)?.data.u as number;
    line.send({ op: 'unsubscribe', args: [topicOf(50)] });
    venue.run(1_000);
    line.send({ op: 'subscribe', args: [topicOf(50)] });
    venue.run(100);
    const ids = frames(line).map(({ data: { u } }) => u);
    expect(ids.length).toBeGreaterThan(2);
    expect(ids).toEqual(ids.map((_, i) => before + 1 + i));
  });

  it('restarts at update id 1 with a snapshot to every subscriber after book_restart', () => {
    const venue = new VirtualVenue('bybit', 2_000, 2);
    const topics = [topicOf(1), topicOf(50), topicOf(200), topicOf(1_000), topicOf(50, 'ETHUSDT')];
    const lines = [listen(venue, ...topics), listen(venue, ...topics)];
    venue.run(1_000);
    for (const line of lines) line.take();
    venue.fault({ fault: 'book_restart', symbol: 'BTCUSDT' });
    venue.run(1_000);
    for (const line of lines) {
      const fresh = frames(line);
      for (const levels of [50, 200, 1_000]) {
        const own = fresh.filter(({ topic }) => topic === topicOf(levels));
        expect(own[0]).toMatchObject({ type: 'snapshot', data: { u: 1 } });
        expect(own.map(({ data: { u } }) => u)).toEqual(own.map((_, i) => i + 1));
        const client = new TopicClient();
        for (const frame of own) client.apply(frame);
        expect([client.snapshots, ...client.levels]).toEqual([1, levels, levels]);
        expect(client.deltas).toBeGreaterThan(3);
      }
      const best = fresh.filter(({ topic }) => topic === topicOf(1)).map(({ data: { u } }) => u);
      expect(best[0]).toBe(1);
      expect(best).toEqual([...best].sort((a, b) => a - b));
      const others = fresh.filter(({ data: { s } }) => s === 'ETHUSDT');
      expect(others.filter(({ type }) => type === 'snapshot')).toEqual([]);
      expect(others.length).toBeGreaterThan(10);
    }
    expect(rest(venue, 1).u).toBeLessThan(20);
  });

  it.each(['BTCUSDT', ''])(
    'shows a gap of exactly the deltas that skip_book skips, never of a snapshot (symbol %j)',
    (symbol) => {
      const venue = new VirtualVenue('bybit', 2_000, 1);
      const [first, second] = [listen(venue, topicOf(50)), listen(venue, topicOf(50))];
      venue.run(500);
      venue.fault({ fault: 'skip_book', line: 2, symbol, count: 2 });
      // Line 2 subscribes again before its next delta. The snapshot that it gets is not skipped and does not count.
      second.send({ op: 'unsubscribe', args: [topicOf(50)] });
      second.send({ op: 'subscribe', args: [topicOf(50)] });
      venue.run(500);
      const [whole, holed] = [new TopicClient(), new TopicClient()];
      for (const frame of frames(first)) whole.apply(frame);
      for (const frame of frames(second)) holed.apply(frame);
      expect([whole.gaps, holed.gaps, holed.snapshots]).toEqual([0, 1, 2]);
      expect(whole.deltas - holed.deltas).toBe(2);
    },
  );
});

function asLevels(levels: readonly (readonly [number, string])[] | undefined): Levels {
  return (levels ?? []).map(([price, size]) => [`${price}`, size]);
}
