import { NEVER, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Instrument } from '../../src/domain/instrument.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import type { PreviousTrades } from '../../src/feed/analytics/stats-epoch.ts';
import type { BookStepped, MergedEvent } from '../../src/feed/arbitration/merged-event.ts';
import { feed } from '../../src/feed/feed.ts';
import type { FeedOptions } from '../../src/feed/feed-options.ts';
import { Activity } from '../../src/feed/liveness/activity.ts';
import { VenueFeed } from '../../src/feed/venue-feed.ts';
import type { VenueFeedEvent } from '../../src/feed/venue-feed-options.ts';
import { BookSync } from '../../src/market/book/book-sync.ts';
import { RunningFeed } from '../../src/runtime/running-feed.ts';
import { venues } from '../../src/venues/registry.ts';
import { aggTrade, bookUpdate, tradeEvent } from '../../testing/judges/events.ts';

const VENUES = ['bybit', 'binance'] as const;
type VenueName = (typeof VENUES)[number];
const [BTC, TRX, XRP] = [of('BTC'), of('TRX'), of('XRP')];

function of(coin: string): Instrument {
  return { coin, symbol: `${coin}USDT`, venueSymbol: `${coin}USDT` };
}

interface ScriptedOptions extends Partial<FeedOptions> {
  readonly mode?: 'failover' | 'all';
  /** Instruments that only Binance has. */
  readonly atBinance?: readonly Instrument[];
  readonly beforeStart?: (feed: RunningFeed) => void;
}

/** A feed whose two venues the test controls. */
class Scripted {
  readonly feed: RunningFeed;
  readonly records: FeedRecord[] = [];
  /** The records that are acknowledged before later ones are sent. */
  readonly barriers: FeedRecord[] = [];
  /** The symbols whose resume point a venue has forgotten, as SYMBOL at VENUE. */
  readonly forgotten: string[] = [];
  readonly #events = { bybit: new Subject<VenueFeedEvent>(), binance: new Subject<VenueFeedEvent>() };
  readonly #books = new Map<string, BookStepped>();
  readonly #scheduler = new TestScheduler(() => undefined);

  constructor({ mode = 'failover', atBinance = [], beforeStart, ...options }: ScriptedOptions = {}) {
    const scheduler = this.#scheduler;
    const config = loadConfig({
      values: { coins: ['BTC'], feed: { venues: [...VENUES], channels: ['trade'], mode } },
    });
    const wallClockMs = () => scheduler.now();
    const common = {
      config: { feed: config.feed, environment: 'production', connectTimeoutMs: 1000 },
      stats: { ...config.stats, idleAfterMs: config.feed.staleAfterMs },
      previous: [],
      scheduler,
      wallClockMs,
      ...options,
    } as const;
    const venueFeeds = VENUES.map((id) => {
      const venue = new VenueFeed({
        venue: venues[id],
        settings: config.venues[id],
        environment: 'production',
        feedEnvironment: 'production',
        instruments: id === 'binance' ? [BTC, ...atBinance] : [BTC],
        all: null,
        channels: ['trade'],
        staleAfterMs: 5000,
        coinStaleAfterMs: 30_000,
        maxEventLagMs: 2000,
        failBackAfterMs: 30_000,
        activity: new Activity({ idleAfterMs: 2500, coinIdleAfterMs: 30_000 }),
        scheduler,
        wallClockMs,
        connect: () => NEVER,
        listed$: NEVER,
        fetchMissing: undefined,
        fetchRecent: undefined,
      });
      return Object.assign(venue, {
        events$: this.#events[id],
        forget: (symbol: string) => this.forgotten.push(`${symbol} at ${id}`),
        book: (symbol: string) => (symbol === BTC.symbol ? this.#books.get(id) : undefined),
      });
    });
    this.feed = new RunningFeed({
      venues: mode === 'all' ? venueFeeds.map((venue) => [venue]) : [venueFeeds],
      feed: (own, host) => feed(own, { ...common, ...host }),
      instance: 'test',
      environment: 'production',
      scheduler,
      wallClockMs,
      klineCheck: undefined,
    });
    this.feed.output$.subscribe(({ records, barrier }) => {
      this.records.push(...records.map((record) => ({ ...record })));
      if (barrier) this.barriers.push(...records);
    });
    beforeStart?.(this.feed);
    this.feed.start();
    if (mode === 'all') for (const venue of VENUES) this.say(venue, { kind: 'connected' });
  }

  /** Milliseconds since the start. */
  get now(): number {
    return this.#scheduler.now();
  }

  pass(ms: number): void {
    this.#scheduler.maxFrames = this.#scheduler.now() + ms;
    this.#scheduler.flush();
  }

  say(venue: VenueName, event: VenueFeedEvent): this {
    this.#events[venue].next(event);
    return this;
  }

  trade(venue: VenueName, id: number, timestamp?: number, { coin, symbol } = BTC): this {
    const events = [tradeEvent(id, { venue, coin, symbol, ...(timestamp === undefined ? {} : { timestamp }) })];
    return this.say(venue, { kind: 'value', key: symbol, at: id, value: events });
  }

  /** A venue gets a whole book, which it emits if the feed is subscribed. */
  book(venue: VenueName, id: number): this {
    const sync = new BookSync({ mode: 'sent' });
    sync.joined(1);
    const update = bookUpdate(id, { venue, snapshot: true });
    const { symbol, venueSymbol, coin, environment } = update;
    const origin = { venue, symbol, venueSymbol, coin, environment };
    const events = sync
      .update(1, update, 0)
      .map((step): BookStepped => ({ kind: 'book', symbol, coin, receivedAt: id, origin, step, book: sync }));
    for (const event of events) this.#books.set(venue, event);
    return this.say(venue, { kind: 'value', key: symbol, at: id, value: events });
  }

  of<K extends FeedRecord['kind']>(kind: K): Extract<FeedRecord, { kind: K }>[] {
    return this.records.filter((record): record is Extract<FeedRecord, { kind: K }> => record.kind === kind);
  }
}

describe('Feed', () => {
  it('keeps the epoch of a symbol that the standby venue already serves when the feed fails over', () => {
    const scripted = new Scripted();
    for (const venue of VENUES) scripted.say(venue, { kind: 'connected' });
    scripted.trade('bybit', 1).trade('binance', 2);
    scripted.say('bybit', { kind: 'serves', symbol: 'BTCUSDT', serves: false }).trade('binance', 3);
    scripted.say('bybit', { kind: 'disconnected', blocked: true }).trade('binance', 4);
    scripted.feed.stop('done');
    const published = scripted.records.flatMap((record) => {
      if (record.kind === 'position') return [`epoch ${record.epoch} at ${record.venue}`];
      return record.kind === 'trade' ? [`${record.tradeId} in epoch ${record.epoch}`] : [];
    });
    expect(published).toEqual([
      'epoch 1 at bybit',
      '1 in epoch 1',
      'epoch 2 at binance',
      '2 in epoch 2',
      '3 in epoch 2',
      '4 in epoch 2',
      'epoch 2 at binance',
    ]);
  });

  it('serves a symbol that only the standby lists without a failover, and resumes its previous epoch', () => {
    const last = { id: '1000', timestamp: 1 };
    const previous = [
      {
        venue: 'bybit',
        symbol: 'BTCUSDT',
        epoch: 1,
        last: { id: '1', timestamp: 1 },
        resumePoint: new Map(),
      },
      { venue: 'binance', symbol: 'TRXUSDT', epoch: 3, last, resumePoint: new Map([['trade', last]] as const) },
    ];
    const scripted = new Scripted({ atBinance: [TRX], previous: previous });
    scripted.say('binance', { kind: 'connected' }).trade('binance', 1001, 2, TRX).trade('binance', 1002, 3, TRX);
    scripted.say('bybit', { kind: 'connected' }).trade('bybit', 1003).trade('binance', 1004, 4, TRX);
    scripted.feed.stop('done');
    const trades = scripted.of('trade').map(({ symbol, epoch, tradeId }) => `${symbol} ${epoch} ${tradeId}`);
    expect(trades).toEqual(['TRXUSDT 3 1001', 'TRXUSDT 3 1002', 'BTCUSDT 1 1003', 'TRXUSDT 3 1004']);
    expect(scripted.of('gap')).toEqual([]);
    expect(scripted.of('status').map(({ state }) => state)).not.toContain('failed_over');
  });

  it("forgets a symbol's resume point once another venue serves it, even after its venue resumed it", () => {
    const last = { id: '1', timestamp: 1 };
    const resumePoint = new Map([['trade', last]] as const);
    const previous = [{ venue: 'bybit', symbol: 'BTCUSDT', epoch: 1, last, resumePoint }];
    const scripted = new Scripted({ previous: previous });
    for (const venue of VENUES) scripted.say(venue, { kind: 'connected' });
    scripted.book('bybit', 10);
    expect(scripted.forgotten).toEqual([]);
    scripted.say('bybit', { kind: 'serves', symbol: 'BTCUSDT', serves: false }).trade('binance', 2);
    scripted.say('bybit', { kind: 'serves', symbol: 'BTCUSDT', serves: true }).trade('bybit', 3);
    expect(scripted.forgotten).toEqual(['BTCUSDT at bybit']);
  });

  it('resumes an epoch with the buffered trades of its venue, unless some of them are too old', () => {
    const last = { id: '1', timestamp: 1 };
    const previous = [
      { venue: 'bybit', symbol: 'BTCUSDT', epoch: 1, last, resumePoint: new Map([['trade', last]] as const) },
    ];
    const published = (...receivedAt: number[]) => {
      const scripted = new Scripted({ previous: previous, atBinance: [XRP] });
      scripted.say('bybit', { kind: 'disconnected', blocked: true }).say('binance', { kind: 'connected' });
      // No venue serves BTC. Binance lacks it, and has no checkpoint of it when it lists it again.
      scripted.say('binance', { kind: 'serves', symbol: 'BTCUSDT', serves: false }).trade('binance', 1, 1, XRP);
      scripted.say('binance', { kind: 'serves', symbol: 'BTCUSDT', serves: true });
      scripted.say('bybit', { kind: 'connected' });
      for (const at of receivedAt) scripted.trade('bybit', at);
      scripted.say('binance', { kind: 'disconnected', blocked: true });
      return scripted.records.flatMap((record) => {
        if (record.kind === 'gap') return [`gap of ${record.epoch} from ${record.fromId} to ${record.toId}`];
        return record.kind === 'trade' && record.symbol === 'BTCUSDT' ? [`${record.tradeId} in ${record.epoch}`] : [];
      });
    };
    expect(published(2, 3, 10_000_000)).toEqual(['2 in 1', '3 in 1', '10000000 in 1']);
    expect(published(2, 3, 60_000_000)).toEqual(['gap of 1 from 1 to null', '60000000 in 2']);
  });

  it("publishes the next venue's book at once after a failover, and nothing more of the previous book", () => {
    const books = { levels: 5, intervalMs: 1000, deltas: true, deltaSnapshotEveryMs: 60_000 };
    const scripted = new Scripted({ books });
    for (const venue of VENUES) scripted.say(venue, { kind: 'connected' });
    scripted.trade('bybit', 1).book('bybit', 10).book('binance', 20);
    scripted.say('bybit', { kind: 'disconnected', blocked: true });
    scripted.book('bybit', 11).feed.stop('done');
    const published = scripted.records.flatMap((record) =>
      record.kind === 'book_delta' || record.kind === 'order_book'
        ? [`${record.kind} of ${record.venue} in epoch ${record.epoch}`]
        : [],
    );
    expect(published).toEqual([
      'book_delta of bybit in epoch 1',
      'order_book of bybit in epoch 1',
      'book_delta of binance in epoch 2',
      'order_book of binance in epoch 2',
    ]);
    const positions = scripted.records.findIndex((record) => record.kind === 'position' && record.epoch === 2);
    const first = scripted.records.findIndex((record) => record.kind === 'book_delta' && record.epoch === 2);
    expect(positions).toBeLessThan(first);
  });

  const stats = {
    ...{ windowsMs: [1000], allowedLatenessMs: 0, idleAfterMs: 5000 },
    ...{ historyTrades: 1000, largeTradeThreshold: 10 },
  };

  it('in mode all, publishes a position record before each series, even if the series is added later', () => {
    const scripted = new Scripted({ mode: 'all' });
    scripted.trade('binance', 1).trade('bybit', 2);
    scripted.feed.add('binance', TRX);
    scripted.trade('binance', 3, 3, TRX);
    scripted.say('binance', { kind: 'instruments', instruments: [TRX, XRP] });
    scripted.trade('binance', 4, 4, XRP);
    expect(scripted.barriers.map(({ kind }) => kind)).toEqual(Array(4).fill('position'));
    const published = scripted.records.flatMap((record) => {
      if (record.kind !== 'position' && record.kind !== 'trade') return [];
      return [`${record.kind} of ${record.venue}:${record.symbol}`];
    });
    expect(published).toEqual([
      'position of binance:BTCUSDT',
      'trade of binance:BTCUSDT',
      'position of bybit:BTCUSDT',
      'trade of bybit:BTCUSDT',
      'position of binance:TRXUSDT',
      'trade of binance:TRXUSDT',
      'position of binance:XRPUSDT',
      'trade of binance:XRPUSDT',
    ]);
  });

  it('in mode all, begins no epoch for a symbol that was removed before the start', () => {
    const scripted = new Scripted({ mode: 'all', atBinance: [TRX], beforeStart: (feed) => feed.remove('BTCUSDT') });
    scripted.trade('binance', 1, 1, TRX);
    expect(scripted.of('position')).toMatchObject([{ venue: 'binance', symbol: 'TRXUSDT' }]);
  });

  it('in mode all, counts trades that are fetched at a start in the statistics, even if they come late', async () => {
    const { scripted, last } = await resumed();
    scripted.pass(15_000);
    const after = tradeEvent(3, { venue: 'bybit', timestamp: 2500 });
    const gap = { before: last, after, missing: 1, filled: 1 };
    const fetched = tradeEvent(2, { venue: 'bybit', timestamp: 1500 });
    const events: MergedEvent[] = [
      { kind: 'sequence_gap_closed', symbol: 'BTCUSDT', coin: 'BTC', gap },
      fetched,
      after,
    ];
    scripted.say('bybit', { kind: 'value', key: 'BTCUSDT', at: 9, value: events });
    scripted.trade('bybit', 4, 9000).pass(200);
    expect(scripted.of('trade_stats').map(({ windowStart, trades }) => [windowStart, trades])).toEqual([
      [1000, 2],
      [2000, 1],
    ]);
  });

  it('in mode all, publishes a book snapshot again if the venue restarts its trade ids', () => {
    const books = { levels: 5, intervalMs: 1000, deltas: true, deltaSnapshotEveryMs: 60_000 };
    const scripted = new Scripted({ mode: 'all', books });
    scripted.trade('binance', 900).book('binance', 10);
    const [before, after] = [{ id: '900', timestamp: 1 }, tradeEvent(3, { venue: 'binance' })];
    const restarted: MergedEvent = { kind: 'ids_restarted', symbol: 'BTCUSDT', coin: 'BTC', before, after };
    scripted.say('binance', { kind: 'value', key: 'BTCUSDT', at: 9, value: [restarted, after] });
    expect(scripted.of('book_delta').map(({ snapshot, lastUpdateId }) => [snapshot, lastUpdateId])).toEqual([
      [true, '10'],
      [true, '10'],
    ]);
  });

  /** Starts a feed in mode all, after a run that ended with Bybit's trade 1. */
  async function resumed() {
    const last = { id: '1', timestamp: 1000 };
    const resumePoint = new Map([['trade', last]] as const);
    const previous = [{ venue: 'bybit', symbol: 'BTCUSDT', epoch: 1, last, resumePoint }];
    const taken: PreviousTrades = {
      ...{ venue: 'bybit', symbol: 'BTCUSDT', epoch: 1, publishedTo: Number.NEGATIVE_INFINITY, windows: [], gaps: [] },
      ...{ knownFrom: Number.NEGATIVE_INFINITY, audits: [] },
      trades: [tradeEvent(1, { venue: 'bybit', timestamp: 1000 })],
    };
    const recent = Promise.resolve([taken]);
    const scripted = new Scripted({ mode: 'all', stats, previous: previous, recent });
    await recent;
    return { scripted, last };
  }

  it('in mode all, marks windows as incomplete that contain a gap before the first trade of a run', async () => {
    const { scripted, last } = await resumed();
    const after = tradeEvent(9, { venue: 'bybit', timestamp: 2500 });
    const gap = { before: last, after, missing: null, filled: 0 };
    const events: MergedEvent[] = [{ kind: 'sequence_gap_closed', symbol: 'BTCUSDT', coin: 'BTC', gap }, after];
    scripted.say('bybit', { kind: 'value', key: 'BTCUSDT', at: 9, value: events });
    scripted.trade('bybit', 10, 3000).trade('bybit', 11, 9000).pass(200);
    expect(scripted.of('gap')).toMatchObject([{ venue: 'bybit', fromId: '1', toId: '9' }]);
    expect(scripted.of('trade_stats').map(({ windowStart, complete }) => [windowStart, complete])).toEqual([
      [1000, false],
      [2000, false],
      [3000, true],
    ]);
  });

  it('does not mark windows of complete trades as incomplete for a gap of aggregated trades', () => {
    const scripted = new Scripted({ stats });
    scripted.say('bybit', { kind: 'connected' });
    scripted.trade('bybit', 1, 1000).trade('bybit', 2, 2000);
    const gap = { before: { id: '1', timestamp: 1000 }, after: aggTrade(4, 4), missing: 2, filled: 0 };
    const notice = { symbol: 'BTCUSDT', coin: 'BTC', gap };
    const events: MergedEvent[] = [
      { ...notice, kind: 'sequence_gap_pending' },
      { ...notice, kind: 'sequence_gap_closed' },
    ];
    scripted.say('bybit', { kind: 'value', key: 'BTCUSDT', at: 9, value: events });
    scripted.trade('bybit', 3, 3000).trade('bybit', 4, 9000).pass(200);
    expect(scripted.of('gap')).toMatchObject([{ fromId: '1', toId: '4', missing: 2 }]);
    expect(scripted.of('trade_stats').map(({ windowStart, complete }) => [windowStart, complete])).toEqual([
      [1000, false],
      [2000, true],
      [3000, true],
    ]);
  });

  it('continues the audits of healed gaps', () => {
    const scripted = new Scripted();
    scripted.say('binance', { kind: 'connected' }).say('bybit', { kind: 'disconnected', blocked: true });
    scripted.trade('binance', 1).pass(20_000);
    scripted.trade('binance', 2, tradeEvent(1).timestamp + 120_000).pass(20_000);
    const [audit, ...others] = scripted.of('audit');
    expect(others).toEqual([]);
    if (audit !== undefined) scripted.feed.healed([{ ...audit, revision: 1, trades: 3 }]);
    scripted.trade('binance', 3, tradeEvent(1).timestamp).pass(20_000);
    expect(scripted.of('audit').filter(({ minute }) => minute === audit?.minute)).toEqual([audit]);
  });

  it('publishes statistics again for a symbol that was removed and added', () => {
    const scripted = new Scripted({ mode: 'all', stats });
    const second = (n: number) => 1_723_161_255_000 + n * 1000;
    scripted.trade('binance', 1, second(0));
    scripted.feed.remove('BTCUSDT');
    scripted.feed.add('binance', BTC);
    scripted.trade('binance', 2, second(10));
    scripted.feed.remove('BTCUSDT');
    scripted.feed.stop('done');
    expect(scripted.of('trade_stats').map(({ windowStart, trades }) => [windowStart, trades])).toEqual([
      [second(0), 1],
      [second(10), 1],
    ]);
  });
});
