import { defer, map, of, Subject, type Subscription, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { InstrumentStatus } from '../../src/domain/instrument.ts';
import type { MarketEvent } from '../../src/domain/market-event.ts';
import type { VenueEvent } from '../../src/domain/venue-event.ts';
import type { StatusNote } from '../../src/feed/status/status-numbering.ts';
import { VenueFeed } from '../../src/feed/venue-feed.ts';
import type { VenueFeedEvent, VenueFeedOptions } from '../../src/feed/venue-feed-options.ts';
import type { ListedInstrument } from '../../src/venues/contract.ts';
import { bookUpdate, ticker as tickerOf, tradeEvent } from '../../testing/judges/events.ts';
import { fakeVenue } from '../venues/fake-venue.ts';
import { listedRow } from '../venues/listed-row.ts';
import { SteppedScheduler } from '../venues/stepped-scheduler.ts';
import {
  instrument,
  type ScriptedConnection,
  type ScriptedOptions,
  scriptedVenue,
} from './connection/scripted-lines.ts';

interface Scripted extends ScriptedOptions {
  /** True by default. */
  readonly contiguous?: boolean;
  readonly more?: Partial<VenueFeedOptions>;
  /** True: the venue connects before the test subscribes to its events. */
  readonly warm?: boolean;
  /** False: the test itself opens and subscribes the first connections. */
  readonly answers?: boolean;
}

const WARM_WITHIN_MS = 1000;

/** A running venue. The test controls its connections. */
class ScriptedRun {
  readonly scheduler = new SteppedScheduler();
  readonly connections: ScriptedConnection[] = [];
  readonly signals: VenueFeedEvent[] = [];
  readonly feed: VenueFeed;
  /** Undefined with `warm`. */
  readonly subscription: Subscription | undefined;
  /** True when `warm` has connected. */
  isWarm = false;

  constructor({ contiguous = true, more = {}, warm = false, answers = true, ...options }: Scripted = {}) {
    const venue = fakeVenue({ contiguousTradeIds: contiguous });
    const scripted = scriptedVenue(this.scheduler, (connection) => this.connections.push(connection), options);
    this.feed = new VenueFeed({ ...scripted, venue, ...more });
    if (warm) void this.feed.warm({ withinMs: WARM_WITHIN_MS }).then(() => (this.isWarm = true));
    else this.subscription = this.subscribe();
    if (answers) for (const connection of this.connections) connection.open().acknowledge();
  }

  subscribe(): Subscription {
    return this.feed.events$.subscribe((event) => this.signals.push(event));
  }

  connection(index: number): ScriptedConnection {
    const connection = this.connections[index];
    if (connection === undefined) throw new RangeError(`only ${this.connections.length} connections were made`);
    return connection;
  }

  /** The emitted ids and gaps, in order. */
  get trades(): (number | string)[] {
    return this.signals.flatMap((event) =>
      event.kind === 'value'
        ? event.value
            .filter(({ kind }) => kind !== 'possible_gap')
            .map((event) => (event.kind === 'trade' ? Number(event.tradeId) : event.kind))
        : [],
    );
  }

  reported(state: string): StatusNote[] {
    return this.signals.flatMap((event) => (event.kind === 'status' && event.note.state === state ? [event.note] : []));
  }

  count(kind: VenueFeedEvent['kind']): number {
    return this.signals.filter((event) => event.kind === kind).length;
  }
}

/** Delivers trades of BTC. The time of each is its id in milliseconds. */
function deliver(connection: ScriptedConnection, ...ids: readonly number[]): void {
  for (const id of ids) connection.data(id);
}

describe.each([true, false])('VenueFeed: two lines, contiguous ids: %s', (contiguous) => {
  it.each(['first', 'second'] as const)(
    'delays no trade when the %s line is lost: the next trade passes at once by the other line',
    (which) => {
      const run = new ScriptedRun({ lines: 2, contiguous });
      const [a, b] = run.connections as [ScriptedConnection, ScriptedConnection];
      const [lost, left] = which === 'first' ? [a, b] : [b, a];
      deliver(a, 1, 2);
      deliver(b, 1, 2);
      deliver(left, 3);
      lost.fail();
      expect(run.trades).toEqual([1, 2, 3]);
      deliver(left, 4);
      expect(run.trades).toEqual([1, 2, 3, 4]);
      expect([run.count('connected'), run.count('disconnected')]).toEqual([1, 0]);
      expect(run.scheduler.now()).toBe(0);
    },
  );
});

it('VenueFeed counts losses by kind of fault, except losses of a new connection during a cutover', () => {
  const run = new ScriptedRun({ lines: 2 });
  run.connection(0).rotate();
  run.connection(2).fail(new Fault('connect_failed', 'refused'));
  expect([run.feed.counts.reconnects, ...run.feed.counts.losses]).toEqual([0]);
  run.connection(1).fail();
  run.scheduler.advance(2000);
  run.connections.findLast(({ args }) => args.line === 2)?.fail(new Fault('connect_timeout', 'no answer'));
  const { reconnects, losses } = run.feed.counts;
  expect(reconnects).toBe([...losses.values()].reduce((sum, count) => sum + count, 0));
  expect([...losses]).toEqual([
    ['connection_closed', 1],
    ['connect_timeout', 1],
  ]);
});

describe.each([true, false])('VenueFeed: the cutover of one line, contiguous ids: %s', (contiguous) => {
  it('loses, duplicates and delays no trade, and reports no disconnect', () => {
    const run = new ScriptedRun({ contiguous });
    const old = run.connection(0);
    deliver(old, 1, 2, 3);
    old.rotate();
    const next = run.connection(1).open().acknowledge();
    deliver(next, 6);
    deliver(old, 4, 5, 6);
    expect(run.trades).toEqual([1, 2, 3, 4, 5, 6]);
    deliver(next, 7, 8);
    run.scheduler.advance(500);
    expect(run.reported('session_rotated')).toEqual([]);
    deliver(old, 7, 8);
    expect(run.reported('session_rotated')).toMatchObject([
      { line: 1, cause: 'server_shutdown', details: { url: 'ws://a', duration_ms: '500' } },
    ]);
    expect(old.closed).toBe(true);
    deliver(next, 9);
    expect(run.trades).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([run.count('connected'), run.count('disconnected')]).toEqual([1, 0]);
    for (const [state, times] of [
      ['connecting', 1],
      ['connected', 1],
      ['subscribed', 1],
      ['disconnected', 0],
    ] as const)
      expect(run.reported(state)).toHaveLength(times);
  });

  it('completes even if a symbol that was subscribed before has no trade on both connections', () => {
    const run = new ScriptedRun({ contiguous });
    const old = run.connection(0);
    deliver(old, 1);
    old.rotate();
    const next = run.connection(1).open().acknowledge();
    const ethereum = tradeEvent(50, { timestamp: 50, symbol: 'ETHUSDT', coin: 'ETH' });
    next.market(ethereum);
    old.market({ ...ethereum });
    run.scheduler.advance(500);
    expect(old.closed).toBe(true);
    deliver(next, 2);
    expect(run.trades).toEqual([1, 50, 2]);
  });

  it('uses the new connection when the old one is lost, and does not report the venue as disconnected', () => {
    const run = new ScriptedRun({ contiguous });
    const old = run.connection(0);
    deliver(old, 1, 2);
    old.rotate();
    const next = run.connection(1).open().acknowledge();
    deliver(next, 3);
    deliver(old, 3);
    old.fail();
    deliver(next, 4);
    expect(run.trades).toEqual([1, 2, 3, 4]);
    expect(run.count('disconnected')).toBe(0);
    expect(run.reported('disconnected')).toMatchObject([{ line: 1, cause: 'replaced', details: { retry_in_ms: '0' } }]);
    expect(run.reported('session_rotated')).toEqual([]);
  });

  it('reports a new connection that fails as connecting again, not as a loss', () => {
    const run = new ScriptedRun({ contiguous });
    run.connection(0).rotate();
    run.connection(1).fail(new Fault('rate_limited', 'HTTP 429', { status: 429 }));
    expect(run.reported('connecting')).toMatchObject([{}, { line: 1, details: { status: '429' } }]);
    expect([run.reported('disconnected'), run.reported('rate_limited'), run.count('disconnected')]).toEqual([
      [],
      [],
      0,
    ]);
  });
});

describe('VenueFeed: announcements', () => {
  it('start a cutover of all lines, and appear in the reported details', () => {
    const notices$ = new Subject<VenueEvent>();
    const run = new ScriptedRun({ lines: 2, more: { notices$ } });
    for (const connection of run.connections) deliver(connection, 1);
    notices$.next({ kind: 'connected', url: '' });
    expect(run.connections).toHaveLength(2);
    notices$.next({ kind: 'closing', reason: 'maintenance', details: { notice: 'a ongoing', title: 'T' } });
    for (const connection of run.connections.slice(2)) connection.open().acknowledge();
    for (const connection of run.connections) deliver(connection, 2);
    run.scheduler.advance(500);
    expect(run.reported('session_rotated')).toMatchObject([
      { line: 1, cause: 'maintenance', details: { notice: 'a ongoing', title: 'T' } },
      { line: 2, cause: 'maintenance', details: { notice: 'a ongoing', title: 'T' } },
    ]);
    expect(run.connections.map(({ closed }) => closed)).toEqual([true, true, false, false]);
  });

  it('that cannot be received are no fault of the venue, and are not requested after an unsubscribe', () => {
    const scheduler = new SteppedScheduler();
    const signals: VenueFeedEvent[] = [];
    let asked = 0;
    const notices$ = defer(() => {
      asked++;
      return throwError(() => new Fault('connect_failed', 'refused'));
    });
    const feed = new VenueFeed({ ...scriptedVenue(scheduler, () => undefined, {}), notices$ });
    const subscription = feed.events$.subscribe((event) => signals.push(event));
    scheduler.advance(60_000);
    const askedInAMinute = asked;
    expect(askedInAMinute).toBeGreaterThan(5);
    expect(signals.some((event) => event.kind === 'status' && event.note.reason.includes('refused'))).toBe(false);
    expect(feed.counts.ignored.get('notices_lost')).toBe(askedInAMinute);
    subscription.unsubscribe();
    scheduler.advance(600_000);
    expect(asked).toBe(askedInAMinute);
  });
});

describe('VenueFeed: a symbol that is subscribed again, sparse ids', () => {
  it('emits a gap for the time between, even if a trade comes before the acknowledgement', () => {
    const run = new ScriptedRun({ lines: 2, contiguous: false });
    for (const connection of run.connections) deliver(connection, 1, 2);
    run.feed.remove('BTCUSDT');
    run.feed.add(instrument('BTC'));
    for (const connection of run.connections) deliver(connection, 9, 10);
    expect(run.trades).toEqual([1, 2, 'sequence_gap_closed', 9, 10]);
  });

  it('emits a gap if a stale symbol was subscribed again', () => {
    const run = new ScriptedRun({ lines: 1, contiguous: false, more: { coinStaleAfterMs: 10_000 } });
    deliver(run.connection(0), 1, 2);
    const eth = (id: number) => tradeEvent(id, { symbol: 'ETHUSDT', coin: 'ETH', timestamp: id });
    for (let second = 1; second <= 11; second++) {
      run.scheduler.advance(1000);
      run.connection(0).market(eth(100 + second));
    }
    expect(run.connection(0).commands).toMatchObject([{ kind: 'resubscribe' }]);
    run.signals.length = 0;
    deliver(run.connection(0), 9);
    expect(run.trades).toEqual(['sequence_gap_closed', 9]);
  });
});

describe('VenueFeed: named instruments', () => {
  const named = ['A', 'B'].map((coin) => instrument(coin));

  /** A venue that returns these lists, one a second, then the last again. Each character is a coin; `?`: no answer. */
  function listing(answers: readonly string[], more: Partial<VenueFeedOptions> = {}): ScriptedRun {
    let next = 0;
    const listed$ = defer(() => {
      const answer = answers[Math.min(next++, answers.length - 1)] as string;
      if (answer === '?') return throwError(() => new Fault('unavailable', 'no answer'));
      return of([...answer].map((base) => listedRow(base)));
    });
    return new ScriptedRun({ more: { instruments: named, listed$, listEveryMs: 1000, ...more } });
  }
  const topicsOf = (run: ScriptedRun) => [...(run.connections[0]?.args.topics() ?? [])];
  const records = (run: ScriptedRun) =>
    run.signals.flatMap((event) => (event.kind === 'instrument' ? [event.record] : []));

  it('are followed once a later list has them', () => {
    const run = listing(['A', 'A', '?', 'A', 'AB']);
    expect(run.reported('subscription_rejected')).toMatchObject([{ symbol: 'BUSDT' }]);
    run.scheduler.advance(7999);
    expect(topicsOf(run)).toEqual(['trade.AUSDT']);
    run.scheduler.advance(1);
    expect(topicsOf(run)).toEqual(['trade.AUSDT', 'trade.BUSDT']);
    expect(run.reported('subscribed').filter(({ cause }) => cause === 'listed')).toMatchObject([{ symbol: 'BUSDT' }]);
    expect(run.signals.filter(({ kind }) => kind === 'serves')).toMatchObject([{ serves: false }, { serves: true }]);
  });

  it('are described by a record at the start and at each change of their rows', () => {
    let lotStep = '0.1';
    const listed$ = defer(() => of([listedRow('A', { lotStep }), listedRow('X')]));
    const run = listing([], { listed$ });
    const market = { kind: 'instrument', venue: 'bybit', environment: 'production', quote: 'USDT', multiplier: null };
    const a = { ...market, symbol: 'AUSDT', venueSymbol: 'AUSDT', coin: 'A', status: 'trading', lotStep: '0.1' };
    const limits = { tickSize: '0.01', minQuantity: '0.0001', minValue: '5' };
    const none = { tickSize: null, lotStep: null, minQuantity: null, minValue: null };
    const b = { ...market, symbol: 'BUSDT', venueSymbol: 'BUSDT', coin: 'B', status: 'closed', ...none };
    expect(records(run)).toEqual([
      { ...a, ...limits, receivedAt: 0 },
      { ...b, receivedAt: 0 },
    ]);
    run.scheduler.advance(5000);
    expect(records(run)).toHaveLength(2);
    lotStep = '1';
    run.scheduler.advance(1000);
    expect(records(run).slice(2)).toEqual([{ ...a, ...limits, lotStep: '1', receivedAt: 6_000_000 }]);
  });

  it('stay followed if lists lack them, but count as closed after two lists', () => {
    const run = listing(['ABX', 'ABX', 'AX', 'ABX', 'AX', 'AX']);
    const statuses = () => records(run).map(({ coin, status }) => `${coin} ${status}`);
    run.scheduler.advance(4000);
    expect(statuses()).toEqual(['A trading', 'B trading']);
    run.scheduler.advance(1000);
    expect(statuses().slice(2)).toEqual(['B closed']);
    expect(topicsOf(run)).toEqual(['trade.AUSDT', 'trade.BUSDT']);
  });

  it('that the venue halts stay subscribed without data, are left to another venue, and then serve again', () => {
    let status: InstrumentStatus = 'trading';
    const listed$ = defer(() => of([listedRow('BTC', { status }), listedRow('ETH')]));
    const more = { listed$, listEveryMs: 20_000, coinStaleAfterMs: 30_000, failBackAfterMs: 10_000 };
    const run = new ScriptedRun({ lines: 2, more });
    const eth = (id: number) => tradeEvent(id, { symbol: 'ETHUSDT', coin: 'ETH', timestamp: id });
    const pass = (seconds: number, delivers: boolean) => {
      for (let second = 0; second < seconds; second++) {
        run.scheduler.advance(1000);
        const id = run.scheduler.now() / 1000;
        for (const connection of run.connections) {
          connection.market(eth(id));
          if (delivers) deliver(connection, id);
        }
      }
    };
    const served = () => run.signals.flatMap((event) => (event.kind === 'serves' ? [event.serves] : []));
    pass(15, true);
    status = 'halted';
    pass(300, false);
    const about = { symbol: 'BTCUSDT', coin: 'BTC', venue: 'bybit' };
    expect(run.reported('instrument_halted')).toMatchObject([{ ...about, cause: 'halted' }]);
    expect([run.reported('feed_stale'), served()]).toEqual([[], [false]]);
    status = 'cancel_only';
    pass(20, false);
    status = 'trading';
    pass(20, false);
    expect(run.reported('feed_recovered')).toMatchObject([about]);
    expect([run.reported('instrument_halted').length, served()]).toEqual([1, [false]]);
    pass(12, true);
    expect(served()).toEqual([false, true]);
    expect(run.connections.flatMap(({ commands }) => commands)).toEqual([]);
    expect(records(run).filter(({ coin }) => coin === 'BTC')).toMatchObject([
      { status: 'trading' },
      { status: 'halted' },
      { status: 'cancel_only' },
      { status: 'trading' },
    ]);
  });

  it('that are stale are looked up in the list soon, so that a halt ends the attempts to subscribe them again', () => {
    let status: InstrumentStatus = 'trading';
    const listed$ = defer(() => of([listedRow('BTC', { status }), listedRow('ETH')]));
    const run = new ScriptedRun({ more: { listed$ } });
    status = 'halted';
    for (let second = 1; second <= 200; second++) {
      run.scheduler.advance(1000);
      run.connection(0).market(tradeEvent(second, { symbol: 'ETHUSDT', coin: 'ETH', timestamp: second }));
    }
    expect(run.connection(0).commands).toMatchObject([{ kind: 'resubscribe' }]);
    expect(run.reported('instrument_halted')).toMatchObject([{ symbol: 'BTCUSDT' }]);
  });

  it('that are not in two lists in a row count as halted, and a venue that lists them again serves them', () => {
    const run = listing(['ABX', 'AX', 'AX', 'AX', 'ABX']);
    run.scheduler.advance(1000);
    expect(run.reported('instrument_halted')).toEqual([]);
    run.scheduler.advance(2000);
    expect(run.reported('instrument_halted')).toMatchObject([{ symbol: 'BUSDT', cause: 'closed' }]);
    run.scheduler.advance(1000);
    expect(run.reported('feed_recovered')).toMatchObject([{ symbol: 'BUSDT' }]);
    expect(topicsOf(run)).toEqual(['trade.AUSDT', 'trade.BUSDT']);
  });

  it.each([
    [1999, 0, undefined],
    [6300, 1, { reason: 'instrument list not available (no answer for 2000 ms); symbols are not checked yet' }],
  ])('connect after 2 s at the latest, with one request of the list, which takes %d ms', (takesMs, late, reported) => {
    const scheduler = new SteppedScheduler();
    let asked = 0;
    const listed$ = defer(() => {
      asked++;
      return timer(takesMs, scheduler).pipe(map(() => [listedRow('A')]));
    });
    const run = new ScriptedRun({ more: { instruments: named, listed$, scheduler } });
    scheduler.advance(2000);
    expect(topicsOf(run)).toEqual(late ? ['trade.AUSDT', 'trade.BUSDT'] : ['trade.AUSDT']);
    expect(run.reported('connecting').filter(({ reason }) => reason.includes('list'))).toMatchObject(
      reported === undefined ? [] : [reported],
    );
    scheduler.advance(takesMs);
    expect([asked, topicsOf(run)]).toEqual([1, ['trade.AUSDT']]);
  });

  it('cause no more list requests after they are removed or the feed is stopped', () => {
    let asked = 0;
    const listed$ = defer(() => {
      asked++;
      return of([]);
    });
    const run = new ScriptedRun({ more: { instruments: named, listed$, listEveryMs: 1000 } });
    run.feed.remove('AUSDT');
    run.scheduler.advance(1000);
    expect(asked).toBe(2);
    run.feed.remove('BUSDT');
    run.scheduler.advance(10_000);
    expect(asked).toBe(2);
    const other = new ScriptedRun({ more: { instruments: named, listed$, listEveryMs: 1000 } });
    other.subscription?.unsubscribe();
    other.feed.add(instrument('C'));
    other.scheduler.advance(10_000);
    expect(asked).toBe(3);
  });
});

describe('VenueFeed: all instruments that a venue lists', () => {
  /**
   * A venue that returns these lists of coins, one a second, and then the last list again. Each character is a coin.
   * `ours`: true for coins of this shard.
   */
  function listing(answers: readonly string[], ours: (coin: string) => boolean = () => true): ScriptedRun {
    let next = 0;
    const listed$ = defer(() => {
      const coins = [...(answers[Math.min(next++, answers.length - 1)] as string)];
      return of(coins.map((base) => listedRow(base)));
    });
    const all = {
      quote: 'USDT',
      everyMs: 1000,
      ours: map((rows: readonly ListedInstrument[]) => rows.filter(({ base }) => ours(base))),
    };
    return new ScriptedRun({ more: { instruments: [], listed$, all, listEveryMs: 1000 } });
  }
  const topicsOf = (run: ScriptedRun) =>
    [...(run.connections[0]?.args.topics() ?? [])].map((topic) => topic.replace(/trade\.(.*)USDT/, '$1')).join('');

  it('unsubscribes an instrument that two lists in a row lack', () => {
    const run = listing(['ABC', 'AB', 'ABC', 'AB']);
    const seen = [1, 2, 3, 4].map(() => {
      run.scheduler.advance(1000);
      return topicsOf(run);
    });
    expect(seen).toEqual(['ABC', 'ABC', 'ABC', 'AB']);
    expect(run.reported('subscription_rejected')).toMatchObject([{ symbol: 'CUSDT', cause: 'delisted' }]);
  });

  it('unsubscribes most of a shard if two lists lack it, but ignores one list that lacks most instruments', () => {
    const run = listing(['ABCDEF', 'CDEF', 'CDEF', 'C'], (coin) => coin < 'D');
    const seen = [1, 2, 3, 4, 5].map(() => {
      run.scheduler.advance(1000);
      return [topicsOf(run), run.feed.counts.ignored.get('instrument_list_doubtful') ?? 0];
    });
    expect(seen).toEqual([
      ['ABC', 0],
      ['C', 0],
      ['C', 1],
      ['C', 1],
      ['C', 1],
    ]);
  });

  it('keeps an instrument that the list has as halted, but does not begin to follow one', () => {
    let now = 0;
    const statusOf = (base: string) => ('AC'.includes(base) && now > 0 ? 'halted' : 'trading');
    const coins = () => [...(now === 0 ? 'AB' : 'ABC')];
    const listed$ = defer(() => of(coins().map((base) => listedRow(base, { status: statusOf(base) }))));
    const run = new ScriptedRun({ more: { instruments: [], listed$, all: { quote: 'USDT' }, listEveryMs: 1000 } });
    now = 1;
    run.scheduler.advance(3000);
    expect(topicsOf(run)).toBe('AB');
    expect(run.reported('instrument_halted')).toMatchObject([{ symbol: 'AUSDT', cause: 'halted' }]);
    expect(run.reported('subscription_rejected')).toEqual([]);
  });

  it('requests the list again soon if no instrument trades, and keeps its subscriptions', () => {
    const run = listing(['', 'AB', '', '', '', 'A']);
    expect(run.connections).toEqual([]);
    expect(run.reported('connecting')).toHaveLength(1);
    run.scheduler.advance(5000);
    run.connection(0).open().acknowledge();
    run.scheduler.advance(1000 + 3 * 5000);
    expect(topicsOf(run)).toBe('AB');
    expect(run.feed.counts.ignored.get('instrument_list_unavailable')).toBe(4);
    run.scheduler.advance(1000);
    expect(topicsOf(run)).toBe('A');
  });
});

describe.each([
  { channels: ['trade', 'ticker'] as const, resubscribed: 1, served: [false] },
  { channels: ['ticker'] as const, resubscribed: 0, served: [] },
])('VenueFeed: prices that change without a trade, with $channels', ({ channels, resubscribed, served }) => {
  it('show that trades are missing if trades are subscribed', () => {
    const run = new ScriptedRun({ lines: 2, more: { channels, coinStaleAfterMs: 10_000 } });
    for (let second = 0; second < 30; second++) {
      const timestamp = run.scheduler.now();
      const events = ['BTCUSDT', 'ETHUSDT'].map((symbol) =>
        tickerOf({ symbol, timestamp, price: `${60_000 + second}` }),
      );
      for (const event of events) for (const connection of run.connections) connection.market(event);
      for (const connection of run.connections) deliver(connection, second);
      run.scheduler.advance(1000);
    }
    const ofEth = run
      .connection(1)
      .commands.filter((command) => 'topics' in command && /ETH/.test(command.topics.join()));
    expect(ofEth).toHaveLength(resubscribed);
    expect(run.connection(1).commands).toEqual(ofEth);
    expect(run.signals.flatMap((event) => (event.kind === 'serves' ? [event] : []))).toEqual(
      served.map((serves) => ({ kind: 'serves', symbol: 'ETHUSDT', serves })),
    );
  });
});

describe('VenueFeed: a venue that was away for longer than the stale limit of a coin', () => {
  it('reports coins as stale only when the limit has passed since the reconnect', () => {
    const run = new ScriptedRun({ more: { coinStaleAfterMs: 10_000 } });
    deliver(run.connection(0), 1);
    run.connection(0).fail();
    run.scheduler.advance(15_000);
    const index = run.connections.length - 1;
    run.connection(index).open().acknowledge();
    const staleCoins = () => run.reported('feed_stale').flatMap(({ symbol }) => symbol ?? []);
    for (let second = 1; second <= 9; second++) {
      run.connection(index).data(null);
      run.scheduler.advance(1000);
    }
    expect([staleCoins(), run.connection(index).commands]).toEqual([[], []]);
    run.connection(index).data(null);
    run.scheduler.advance(1000);
    expect(staleCoins()).toEqual(['BTCUSDT', 'ETHUSDT']);
  });
});

it('VenueFeed does not report a coin as stale if it receives frames without a change', () => {
  const run = new ScriptedRun({ more: { coinStaleAfterMs: 10_000 } });
  const line = run.connection(0);
  for (let second = 1; second <= 12; second++) {
    line.report({ kind: 'value', key: 'BTCUSDT', at: 0, value: [] });
    run.scheduler.advance(1000);
  }
  expect(run.reported('feed_stale').flatMap(({ symbol }) => symbol ?? [])).toEqual(['ETHUSDT']);
});

it('VenueFeed does not restart the stale limit of a coin during a cutover', () => {
  const run = new ScriptedRun({ more: { coinStaleAfterMs: 10_000 } });
  const old = run.connection(0);
  const live = (seconds: number) => {
    for (let second = 1; second <= seconds; second++) {
      old.data(null);
      run.scheduler.advance(1000);
    }
  };
  deliver(old, 1);
  live(5);
  old.rotate();
  run.connection(1).open();
  live(5);
  expect(run.reported('feed_stale').flatMap(({ symbol }) => symbol ?? [])).toEqual(['BTCUSDT', 'ETHUSDT']);
});

describe('VenueFeed: a venue that refuses topics', () => {
  const ASK_AGAIN_MS = 60_000;
  /** Advances the time while all lines deliver data. */
  const pass = (run: ScriptedRun, ms: number): void => {
    for (let passed = 0; passed < ms; passed += 1000) {
      for (const connection of run.connections) connection.data(null);
      run.scheduler.advance(Math.min(1000, ms - passed));
    }
  };
  const rejection = new Fault('subscription_rejected', 'not open');
  const refuse = (run: ScriptedRun, index: number, ...topics: string[]) =>
    run.connection(index).report({ kind: 'refused', topics, fault: rejection });
  const asked = (run: ScriptedRun, index: number) =>
    run
      .connection(index)
      .commands.flatMap((command) => (command.kind === 'subscribe' ? [command.topics.join(' ')] : []));
  const served = (run: ScriptedRun, symbol = 'BTCUSDT') =>
    run.signals.flatMap((event) => (event.kind === 'serves' && event.symbol === symbol ? [event.serves] : []));
  const ticker = (run: ScriptedRun, index: number, symbol = 'BTCUSDT') =>
    run.connection(index).market(tickerOf({ symbol, timestamp: run.scheduler.now() }));

  it('does not serve a symbol with refused trades until its trades have come for a while', () => {
    const run = new ScriptedRun({ lines: 2, more: { channels: ['trade', 'ticker'], coinStaleAfterMs: 10_000 } });
    refuse(run, 0, 'trade.BTCUSDT');
    expect(served(run)).toEqual([]);
    refuse(run, 1, 'trade.BTCUSDT');
    expect(served(run)).toEqual([false]);
    for (let second = 0; second < 200; second++) {
      ticker(run, second % 2);
      // The venue refuses each new request too: it may need an hour until it serves the symbol again.
      for (const index of [0, 1]) if (asked(run, index).length > second / 61) refuse(run, index, 'trade.BTCUSDT');
      pass(run, 1000);
    }
    expect(served(run)).toEqual([false]);
    run.connection(1).acknowledge(['trade.BTCUSDT']);
    for (let second = 0; second < 30; second++) {
      expect(served(run)).toEqual([false]);
      deliver(run.connection(1), second);
      pass(run, 1000);
    }
    expect(served(run)).toEqual([false]);
    deliver(run.connection(1), 30);
    expect(served(run)).toEqual([false, true]);
  });

  it('does not serve a symbol if its trades are refused on one line and the other is disconnected', () => {
    const run = new ScriptedRun({ lines: 2, more: { channels: ['trade', 'ticker'] } });
    refuse(run, 0, 'trade.BTCUSDT');
    run.connection(1).fail();
    expect([served(run), served(run, 'ETHUSDT')]).toEqual([[false], []]);
    const other = new ScriptedRun({ lines: 2, more: { channels: ['trade', 'ticker'] } });
    other.connection(1).fail();
    refuse(other, 0, 'trade.BTCUSDT');
    expect(served(other)).toEqual([false]);
  });

  it('is asked for refused topics in batches, the next soon after it accepts one', () => {
    const coins = [...'ABCDEFGHIJKLM'];
    const listed$ = of(coins.map((base) => listedRow(base)));
    const run = new ScriptedRun({ more: { instruments: coins.map(instrument), listed$ } });
    for (const coin of coins) refuse(run, 0, `trade.${coin}USDT`);
    pass(run, ASK_AGAIN_MS);
    for (const topic of asked(run, 0).at(-1)?.split(' ') ?? []) run.connection(0).acknowledge([topic]);
    pass(run, 1000);
    expect(asked(run, 0).at(-1)).toBe('trade.KUSDT trade.LUSDT trade.MUSDT');
  });

  it('is asked for refused topics again every minute on each line, and is reported only once', () => {
    const run = new ScriptedRun({ lines: 2, more: { channels: ['trade', 'ticker'] } });
    refuse(run, 0, 'trade.BTCUSDT');
    refuse(run, 1, 'ticker.ETHUSDT');
    expect([...served(run), ...served(run, 'ETHUSDT')]).toEqual([]);
    pass(run, ASK_AGAIN_MS - 1);
    expect([asked(run, 0), asked(run, 1)]).toEqual([[], []]);
    pass(run, 1);
    expect([asked(run, 0), asked(run, 1)]).toEqual([['trade.BTCUSDT'], ['ticker.ETHUSDT']]);
    refuse(run, 0, 'trade.BTCUSDT');
    run.connection(1).acknowledge(['ticker.ETHUSDT']);
    pass(run, ASK_AGAIN_MS);
    run.connection(0).acknowledge(['trade.BTCUSDT']);
    pass(run, 10 * ASK_AGAIN_MS);
    expect([asked(run, 0), asked(run, 1)]).toEqual([['trade.BTCUSDT', 'trade.BTCUSDT'], ['ticker.ETHUSDT']]);
    expect(run.reported('subscription_rejected').map(({ line, details }) => `${line} ${details?.topic}`)).toEqual([
      '1 trade.BTCUSDT',
      '2 ticker.ETHUSDT',
    ]);
    expect(run.connection(0).args.topics()).toHaveLength(4);
  });

  it('is asked for ten refused topics at a time in turn, except those that are no longer followed', () => {
    const coins = [...'ABCDEFGHIJKLM'];
    const listed$ = of(coins.map((base) => listedRow(base)));
    const run = new ScriptedRun({ more: { instruments: coins.map(instrument), listed$ } });
    for (const coin of coins) refuse(run, 0, `trade.${coin}USDT`);
    run.feed.remove('AUSDT');
    for (let round = 0; round < 2; round++) {
      pass(run, ASK_AGAIN_MS);
      for (const topic of asked(run, 0).at(-1)?.split(' ') ?? []) refuse(run, 0, topic);
    }
    expect(asked(run, 0).map((topics) => topics.replaceAll(/trade\.|USDT| /g, ''))).toEqual([
      'BCDEFGHIJK',
      'LMBCDEFGHI',
    ]);
  });

  it('causes a gap if it refuses a symbol on one line and the other line reconnects', () => {
    const run = new ScriptedRun({ lines: 2, contiguous: false });
    for (const connection of [...run.connections]) deliver(connection, 1, 2);
    refuse(run, 0, 'trade.BTCUSDT');
    run.connection(1).fail();
    run.scheduler.advance(2000);
    run.connection(2).open().acknowledge();
    deliver(run.connection(2), 9, 10);
    expect(run.trades).toEqual([1, 2, 'sequence_gap_closed', 9, 10]);
  });
});

describe('VenueFeed: books', () => {
  it('are fetched after the subscription even if the symbol does not change', () => {
    const run = new ScriptedRun({
      lines: 1,
      more: {
        channels: ['trade', 'depth'],
        fetchBook: ({ symbol }) => of(bookUpdate(5, { symbol, snapshot: true })),
      },
    });
    run.scheduler.advance(1000);
    const steps = run.signals.flatMap((event) =>
      event.kind === 'value'
        ? event.value.flatMap((event) => (event.kind === 'book' ? [`${event.symbol} ${event.step.kind}`] : []))
        : [],
    );
    expect(steps).toEqual(['BTCUSDT replaced', 'ETHUSDT replaced']);
  });
});

describe('VenueFeed.warm', () => {
  const mark = (id: number) => ({ id: String(id), timestamp: id });

  it('buffers events until it is subscribed, and resumes where another venue feed ended', () => {
    const run = new ScriptedRun({ warm: true });
    deliver(run.connection(0), 5, 6, 7);
    run.scheduler.advance(2000);
    expect([run.signals.length, run.feed.lines.up]).toEqual([0, 1]);
    run.feed.resumeAt(new Map([['BTCUSDT', new Map([['trade', mark(6)]] as const)]]));
    run.subscribe();
    expect(run.signals).toEqual([]);
    run.scheduler.advance(0);
    deliver(run.connection(0), 8);
    expect(run.trades).toEqual([7, 8]);
    expect(run.connections).toHaveLength(1);
  });

  it("resumes after another venue feed's last trade among buffered trades with sparse ids", () => {
    const run = new ScriptedRun({ warm: true, contiguous: false });
    deliver(run.connection(0), 5, 16, 27);
    run.feed.resumeAt(new Map([['BTCUSDT', new Map([['trade', mark(16)]] as const)]]));
    run.subscribe();
    run.scheduler.advance(100);
    deliver(run.connection(0), 38);
    expect(run.trades).toEqual([27, 38]);
  });

  it('reports nothing as stale after it has buffered for longer than the stale limit', () => {
    const run = new ScriptedRun({ warm: true });
    for (let ms = 0; ms < 40_000; ms += 500) {
      deliver(run.connection(0), 5 + ms / 500);
      run.scheduler.advance(500);
    }
    run.subscribe();
    run.scheduler.advance(0);
    expect([...run.reported('feed_stale'), run.count('stale'), run.count('serves')]).toEqual([0, 0]);
    expect(run.trades).toHaveLength(80);
  });

  it('emits a gap if the other venue feed ended before the first buffered trade', () => {
    const run = new ScriptedRun({ warm: true });
    deliver(run.connection(0), 5, 6);
    run.feed.resumeAt(new Map([['BTCUSDT', new Map([['trade', mark(3)]] as const)]]));
    run.subscribe();
    run.scheduler.advance(3000);
    expect(run.trades).toEqual(['sequence_gap_closed', 5, 6]);
  });

  it('fetches no trade after a resume if the last published one is among the buffered trades', () => {
    let requests = 0;
    const fetchRecent = () =>
      defer(() => {
        requests++;
        return of([]);
      });
    const run = new ScriptedRun({ warm: true, contiguous: false, more: { fetchRecent } });
    const ids = Array.from({ length: 10_000 }, (_, index) => index * 3);
    deliver(run.connection(0), ...ids);
    run.feed.resumeAt(new Map([['BTCUSDT', new Map([['trade', mark(24_000)]] as const)]]));
    run.subscribe();
    run.scheduler.advance(100);
    expect([run.trades, requests]).toEqual([ids.filter((id) => id > 24_000), 0]);
  });

  it('keeps books in step while trades wait', () => {
    const run = new ScriptedRun({ warm: true, more: { fetchBook: undefined } });
    const frame = (update: MarketEvent) => run.connection(0).market(update);
    frame(bookUpdate(5, { symbol: 'BTCUSDT', snapshot: true }));
    deliver(run.connection(0), 5);
    frame(bookUpdate(6, { symbol: 'BTCUSDT' }));
    expect(run.feed.book('BTCUSDT')?.book.updateId).toBe('6');
    run.subscribe();
    run.scheduler.advance(0);
    frame(bookUpdate(7, { symbol: 'BTCUSDT' }));
    const steps = run.signals.flatMap((event) => (event.kind === 'value' ? event.value.map(({ kind }) => kind) : []));
    expect([steps, run.feed.book('BTCUSDT')?.book.updateId]).toEqual([['trade', 'book'], '7']);
  });

  it('resolves once each line is subscribed or has failed, or after the time limit', async () => {
    const run = new ScriptedRun({ warm: true, lines: 2, answers: false });
    const mute = new ScriptedRun({ warm: true, answers: false });
    const states: boolean[] = [];
    const look = async (one: ScriptedRun): Promise<void> => {
      await new Promise(setImmediate);
      states.push(one.isWarm);
    };
    run.connection(0).open().acknowledge(['trade.BTCUSDT']);
    run.connection(1).fail();
    await look(run);
    run.connection(0).acknowledge(['trade.ETHUSDT']);
    await look(run);
    mute.scheduler.advance(WARM_WITHIN_MS - 1);
    await look(mute);
    mute.scheduler.advance(1);
    await look(mute);
    expect(states).toEqual([false, true, false, true]);
  });

  it('closes its connection when it is closed without a subscriber or its subscriber leaves', () => {
    const unused = new ScriptedRun({ warm: true });
    unused.feed.close();
    expect(unused.connection(0).closed).toBe(true);
    const used = new ScriptedRun({ warm: true });
    used.subscribe().unsubscribe();
    expect([used.connection(0).closed, used.feed.running]).toEqual([true, false]);
  });
});
