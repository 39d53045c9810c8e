import { describe, expect, it } from 'vitest';
import type { Channel, Instrument } from '../../../src/domain/instrument.ts';
import type { ChannelKind } from '../../../src/feed/liveness/channel-kinds.ts';
import { ChannelWatch } from '../../../src/feed/liveness/channel-watch.ts';

const CHANNELS: readonly Channel[] = ['trade', 'ticker', 'depth'];
const KINDS: readonly ChannelKind[] = ['trade', 'ticker', 'book_update'];

/** Returns the number of frames that a connection delivers in one second. */
type Delivers = (at: { symbol: string; kind: ChannelKind; connection: number }) => number;
/** Frames a second from a healthy venue. */
const PER_SECOND: Readonly<Record<string, number>> = { trade: 10, ticker: 1, book_update: 10 };
const healthy: Delivers = ({ kind }) => PER_SECOND[kind] ?? 0;

/** A venue with two lines, which are connections 1 and 2. The watch sweeps once a second. */
class Scene {
  readonly reported: string[] = [];
  /** The details `age_ms` or `stale_for_ms` of each report, seconds. */
  readonly ages: number[] = [];
  readonly actions: string[] = [];
  readonly muteBooks = new Set<string>();
  readonly instruments: readonly Instrument[];
  readonly connections = new Map([
    [1, 1],
    [2, 2],
  ]);
  readonly watch: ChannelWatch;
  isIdle = false;
  tradedElsewhere: 'always' | 'never' | undefined = 'always';
  venueIsLate = false;
  now = 0;

  constructor(coins: readonly string[] = ['BTC', 'ETH'], neededChannel: 'trade' | undefined = 'trade') {
    this.instruments = coins.map((coin) => ({ coin, symbol: `${coin}USDT`, venueSymbol: `${coin}USDT` }));
    this.watch = new ChannelWatch({
      venue: 'bybit',
      channels: CHANNELS.filter((channel) => channel !== 'trade' || neededChannel !== undefined),
      neededChannel,
      staleAfterMs: 5000,
      coinStaleAfterMs: 30_000,
      againAfterMs: 60_000,
      tradedElsewhereAt: () =>
        this.tradedElsewhere === undefined ? undefined : this.tradedElsewhere === 'always' ? this.now : 0,
      isIdle: () => this.isIdle,
      lastDataAt: () => this.now,
      onBookStale: (symbol) => this.muteBooks.add(symbol),
      resubscribe: ({ symbol }, channels, line) => this.actions.push(`subscribe ${channels} of ${symbol} on ${line}`),
      replace: ({ symbol }, line) => this.actions.push(`replace the connection of ${symbol} on ${line}`),
      leave: (symbol) => this.actions.push(`leave ${symbol}`),
      report: ({ note: { state, cause, channel, symbol, line, details } }) => {
        this.ages.push(Number(details?.age_ms ?? details?.stale_for_ms) / 1000);
        this.reported.push(
          `${this.now / 1000} ${state} ${cause ?? ''} ${channel} ${symbol} ${line} ${details?.step ?? ''}`
            .replaceAll(/ +/g, ' ')
            .trim(),
        );
      },
    });
    for (const [connection, line] of this.connections) this.subscribe(connection, line);
  }

  subscribe(connection: number, line: number): void {
    this.connections.set(connection, line);
    for (const instrument of this.instruments)
      for (const channel of CHANNELS) this.watch.subscribed(instrument, channel, { line, connection, now: this.now });
  }

  lose(connection: number): void {
    this.connections.delete(connection);
    this.watch.connectionLost(connection);
  }

  run(seconds: number, delivers: Delivers = healthy): void {
    for (let second = 0; second < seconds; second++) {
      for (const { symbol } of this.instruments)
        for (const kind of KINDS)
          for (const connection of this.connections.keys()) {
            const frames = delivers({ symbol, kind, connection });
            for (let frame = 0; frame < frames; frame++) this.watch.of(symbol).received(kind, connection, 0);
          }
      this.now += 1000;
      this.watch.sweep(this.now, this.venueIsLate);
    }
  }
}

/** Delivers as a healthy venue does, except for the channels that `mute` matches. */
const without =
  (mute: (at: { symbol: string; kind: ChannelKind; connection: number }) => boolean): Delivers =>
  (at) =>
    mute(at) ? 0 : healthy(at);

describe('ChannelWatch', () => {
  it('reports nothing while every channel delivers', () => {
    const scene = new Scene();
    scene.run(600);
    expect(scene.reported).toEqual([]);
  });

  it.each(KINDS)('finds %s stale on one line, subscribes it there again, then replaces the connection', (kind) => {
    const scene = new Scene();
    scene.run(60);
    const mute = without((at) => at.kind === kind && at.connection === 1 && at.symbol === 'BTCUSDT');
    scene.run(12, mute);
    const channel = kind === 'book_update' ? 'depth' : kind;
    expect(scene.reported).toEqual([
      `65 feed_stale channel_mute ${channel} BTCUSDT 1 resubscribed`,
      `70 feed_stale channel_mute ${channel} BTCUSDT 1 connection_replaced`,
    ]);
    expect(scene.actions).toEqual([`subscribe ${channel} of BTCUSDT on 1`, 'replace the connection of BTCUSDT on 1']);
    scene.run(60, mute);
    expect(scene.actions.slice(2)).toEqual([`subscribe ${channel} of BTCUSDT on 1`]);
    scene.run(1);
    expect(scene.reported.slice(3)).toEqual([`133 feed_recovered ${channel} BTCUSDT 1`]);
  });

  it('reports a line once if a channel of all its symbols is stale', () => {
    const scene = new Scene(['BTC', 'ETH', 'SOL']);
    scene.run(60);
    scene.run(
      7,
      without(({ kind, connection }) => kind === 'ticker' && connection === 2),
    );
    expect(scene.reported).toEqual(['65 feed_stale channel_mute ticker null 2 resubscribed']);
    expect(scene.actions).toHaveLength(3);
  });

  it('leaves a symbol to other venues if no line delivers its trades', () => {
    const scene = new Scene();
    scene.run(600);
    const mute = without(({ kind, symbol }) => kind === 'trade' && symbol === 'BTCUSDT');
    scene.run(20, mute);
    expect(scene.reported).toEqual([
      '605 feed_stale channel_mute trade BTCUSDT null resubscribed',
      '610 feed_stale channel_mute trade BTCUSDT null connection_replaced',
      '615 feed_stale channel_mute trade BTCUSDT null left',
    ]);
    expect(scene.actions.at(-1)).toBe('leave BTCUSDT');
    scene.run(1);
    expect(scene.reported.at(-1)).toBe('621 feed_recovered trade BTCUSDT null');
    expect(scene.ages).toEqual([5, 10, 15, 21]);
  });

  it('expects nothing of a halted symbol, and judges it again from the end of the halt', () => {
    const scene = new Scene();
    scene.run(600);
    const mute = without(({ symbol }) => symbol === 'BTCUSDT');
    scene.run(3, mute);
    scene.watch.halt('BTCUSDT');
    scene.run(300, mute);
    scene.watch.resume('BTCUSDT', scene.now);
    scene.run(4, mute);
    expect([scene.reported, scene.actions, [...scene.muteBooks]]).toEqual([[], [], []]);
    scene.run(1, mute);
    expect(scene.reported).toContain('908 feed_stale channel_mute trade BTCUSDT null resubscribed');
  });

  it('ends the steps of a stale channel when its symbol is halted', () => {
    const scene = new Scene();
    scene.run(600);
    const mute = without(({ kind, symbol }) => kind === 'trade' && symbol === 'BTCUSDT');
    scene.run(6, mute);
    expect(scene.actions).toEqual(['subscribe trade of BTCUSDT on null']);
    scene.watch.halt('BTCUSDT');
    scene.run(60, mute);
    expect(scene.actions).toHaveLength(1);
  });

  it('finds trades and tickers stale at the same time, because depth and another venue deliver', () => {
    const scene = new Scene();
    scene.run(600);
    scene.run(30, ({ kind }) => (kind === 'book_update' ? 10 : 0));
    const found = (what: string) => scene.reported.find((line) => line.includes(what));
    expect(found('trade BTCUSDT null resubscribed')).toContain('605 ');
    expect(found('trade ETHUSDT null resubscribed')).toContain('605 ');
    expect(found('ticker null 1 resubscribed')).toBeDefined();
  });

  it('compares with the other channels if no other venue has the coin', () => {
    const scene = new Scene();
    scene.tradedElsewhere = undefined;
    scene.run(600);
    scene.run(
      10,
      without(({ kind }) => kind === 'trade'),
    );
    expect(scene.reported.at(0)).toBe('605 feed_stale channel_mute trade BTCUSDT null resubscribed');
  });

  it('reports a book as stale that trades must have changed', () => {
    const scene = new Scene();
    scene.run(600);
    scene.run(
      4,
      without(({ kind }) => kind === 'book_update'),
    );
    expect([...scene.muteBooks]).toEqual([]);
    scene.run(
      2,
      without(({ kind }) => kind === 'book_update'),
    );
    expect([...scene.muteBooks]).toEqual(['BTCUSDT', 'ETHUSDT']);
    expect(scene.reported).toEqual([
      '605 feed_stale channel_mute depth null 1 resubscribed',
      '605 feed_stale channel_mute depth null 2 resubscribed',
    ]);
  });

  it('finds a channel stale that was acknowledged and never delivered', () => {
    const scene = new Scene();
    scene.run(
      29,
      without(({ kind }) => kind === 'ticker'),
    );
    expect(scene.reported).toEqual([]);
    scene.run(
      1,
      without(({ kind }) => kind === 'ticker'),
    );
    expect(scene.reported).toHaveLength(2);
  });

  it('finds a channel stale that delivered only once', () => {
    const scene = new Scene();
    scene.run(1);
    scene.run(
      30,
      without(({ kind }) => kind === 'ticker'),
    );
    expect(scene.reported).toEqual([
      '31 feed_stale channel_mute ticker null 1 resubscribed',
      '31 feed_stale channel_mute ticker null 2 resubscribed',
    ]);
  });

  it('waits longer for a slow channel: 25 of its mean intervals', () => {
    const scene = new Scene();
    const slow: Delivers = (at) =>
      at.kind === 'trade' ? Number(at.symbol === 'ETHUSDT' || scene.now % 4000 === 0) : healthy(at);
    scene.run(600, slow);
    scene.run(
      100,
      without(({ kind, symbol }) => kind === 'trade' && symbol === 'BTCUSDT'),
    );
    expect(scene.reported).toEqual([]);
    scene.run(
      100,
      without(({ kind, symbol }) => kind === 'trade' && symbol === 'BTCUSDT'),
    );
    expect(scene.reported.at(0)).toContain('feed_stale channel_mute trade BTCUSDT null resubscribed');
  });

  it.each(['the coin is idle at other venues too', 'the market is idle', 'nothing else shows it'])(
    'finds nothing stale on both lines if %s',
    (why) => {
      const scene = new Scene();
      scene.run(600);
      if (why.startsWith('the coin')) scene.tradedElsewhere = 'never';
      if (why.startsWith('the market')) scene.isIdle = true;
      if (why.startsWith('nothing')) scene.tradedElsewhere = undefined;
      scene.run(
        60,
        without(({ kind }) => why.startsWith('nothing') || kind !== 'book_update'),
      );
      expect(scene.reported).toEqual([]);
    },
  );

  it('does not judge right after a pause of the process', () => {
    const scene = new Scene();
    scene.run(600);
    scene.now += 20_000;
    scene.run(1, () => 0);
    scene.run(60);
    expect(scene.reported).toEqual([]);
  });

  it('does not judge while the data of the venue is late, because frames are on their way', () => {
    const scene = new Scene();
    scene.run(600);
    scene.venueIsLate = true;
    scene.run(
      60,
      without(({ kind }) => kind === 'trade'),
    );
    expect(scene.reported).toEqual([]);
    scene.venueIsLate = false;
    scene.run(60);
    expect(scene.reported).toEqual([]);
  });

  it('ends the report of a line that is lost, and judges its next connection by itself', () => {
    const scene = new Scene();
    scene.run(60);
    const mute = without(({ kind, connection }) => kind === 'trade' && connection !== 2);
    scene.run(7, mute);
    scene.lose(1);
    scene.run(10);
    scene.subscribe(3, 1);
    scene.run(4, mute);
    expect(scene.reported).toHaveLength(1);
    scene.run(3, mute);
    expect(scene.reported).toHaveLength(2);
  });

  it('forgets a removed symbol', () => {
    const scene = new Scene();
    scene.run(60);
    scene.watch.remove('BTCUSDT');
    scene.run(
      60,
      without(({ symbol }) => symbol === 'BTCUSDT'),
    );
    expect(scene.reported).toEqual([]);
  });
});
