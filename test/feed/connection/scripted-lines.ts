import { Observable, of, type Subscriber } from 'rxjs';
import { Fault } from '../../../src/domain/fault.ts';
import type { Instrument } from '../../../src/domain/instrument.ts';
import type { MarketEvent } from '../../../src/domain/market-event.ts';
import type { ClosingReason, VenueEvent } from '../../../src/domain/venue-event.ts';
import { VenueConnectionPool } from '../../../src/feed/connection/connection-pool.ts';
import type { LineChange } from '../../../src/feed/connection/line-event.ts';
import { Activity } from '../../../src/feed/liveness/activity.ts';
import { VenueFeed } from '../../../src/feed/venue-feed.ts';
import type { ConnectArguments, VenueFeedOptions } from '../../../src/feed/venue-feed-options.ts';
import type { ConnectionCommand } from '../../../src/venues/connection/control-channel.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';
import { fakeVenue } from '../../venues/fake-venue.ts';
import { listedRow } from '../../venues/listed-row.ts';
import { SteppedScheduler } from '../../venues/stepped-scheduler.ts';

/* Connections that a test controls step by step, in place of a venue's. */

export const STALE_AFTER_MS = 5000;

export function instrument(coin: string): Instrument {
  return { coin, symbol: `${coin}USDT`, venueSymbol: `${coin}USDT` };
}

/** An attempt to connect, controlled by the test. */
export class ScriptedConnection {
  readonly args: ConnectArguments;
  readonly commands: ConnectionCommand[] = [];
  closed = false;
  readonly #subscriber: Subscriber<VenueEvent>;

  constructor(args: ConnectArguments, subscriber: Subscriber<VenueEvent>) {
    this.args = args;
    this.#subscriber = subscriber;
    subscriber.add(() => {
      this.closed = true;
    });
  }

  report(event: VenueEvent): void {
    this.#subscriber.next(event);
  }

  open(): this {
    this.report({ kind: 'connected', url: this.args.url });
    this.#subscriber.add(this.args.commands$.subscribe((command) => this.commands.push(command)));
    return this;
  }

  /** Acknowledges these topics, by default all that are wanted now. */
  acknowledge(topics = this.args.topics()): this {
    this.report({ kind: 'subscribed', topics });
    return this;
  }

  /** Delivers a trade of BTC of venue time `timestamp`, milliseconds. null: delivers a frame of XRP without events. */
  data(timestamp: number | null): this {
    if (timestamp === null) this.report({ kind: 'value', key: 'XRPUSDT', at: 0, value: [] });
    else this.market(tradeEvent(timestamp, { timestamp }));
    return this;
  }

  /** Delivers a frame with this event. */
  market(event: MarketEvent): this {
    this.report({ kind: 'value', key: event.symbol, at: 0, value: [event] });
    return this;
  }

  pong(): this {
    this.report({ kind: 'answered', what: 'pong' });
    return this;
  }

  rotate(reason: ClosingReason = 'server_shutdown'): void {
    this.report({ kind: 'closing', reason });
  }

  fail(fault = new Fault('connection_closed', 'closed')): void {
    this.#subscriber.error(fault);
  }
}

export interface ScriptedOptions {
  readonly lines?: number;
  readonly lifetimeMs?: number;
  readonly random?: () => number;
  readonly isIdle?: () => boolean;
  readonly onConnect?: (connection: ScriptedConnection) => void;
  readonly websocketUrls?: readonly string[];
}

/** Options of a venue with trades of BTC and ETH. The test controls its connections. */
export function scriptedVenue(
  scheduler: SteppedScheduler,
  onConnect: (connection: ScriptedConnection) => void,
  { lines = 1, lifetimeMs, random, websocketUrls = ['ws://a'] }: ScriptedOptions,
): VenueFeedOptions {
  const instruments = [instrument('BTC'), instrument('ETH')];
  return {
    venue: fakeVenue(),
    settings: {
      enabled: true,
      websocketUrls,
      restUrls: [],
      lines,
      reconnect: { initialDelayMs: 1000, maxDelayMs: 8000, maxAttempts: 10, probeEveryMs: 60_000 },
      connectTimeoutMs: 10_000,
      compression: false,
      maxFrameMb: 1,
    },
    environment: 'production',
    feedEnvironment: 'production',
    instruments,
    all: null,
    channels: ['trade'],
    staleAfterMs: STALE_AFTER_MS,
    coinStaleAfterMs: 30_000,
    maxEventLagMs: 2000,
    failBackAfterMs: 30_000,
    activity: new Activity({ idleAfterMs: 2500, coinIdleAfterMs: 30_000 }),
    scheduler,
    wallClockMs: () => scheduler.now(),
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
    ...(random === undefined ? {} : { random }),
    connect: (args) =>
      new Observable((subscriber) => {
        onConnect(new ScriptedConnection(args, subscriber));
      }),
    listed$: of(instruments.map(({ coin }) => listedRow(coin))),
    fetchMissing: undefined,
    fetchRecent: undefined,
  };
}

/** The lines of a venue. The test controls their connections and the time. */
export class ScriptedLines {
  readonly scheduler = new SteppedScheduler();
  readonly connections: ScriptedConnection[] = [];
  readonly changes: LineChange[] = [];
  readonly lines: VenueConnectionPool;

  constructor(options: ScriptedOptions = {}) {
    const { isIdle = () => false, onConnect } = options;
    const onConnected = (connection: ScriptedConnection): void => {
      this.connections.push(connection);
      onConnect?.(connection);
    };
    const feedOptions = scriptedVenue(this.scheduler, onConnected, options);
    const { counts } = new VenueFeed(feedOptions);
    this.lines = new VenueConnectionPool(feedOptions, counts, isIdle);
    this.lines.events$.subscribe((event) => {
      if (event.kind === 'change') this.changes.push(event);
    });
  }

  /** Opens the lines for BTC and ETH. Each line is connected and subscribed, and has delivered a trade of time 0. */
  start(): ScriptedConnection[] {
    this.lines.open([instrument('BTC'), instrument('ETH')]);
    for (const connection of this.connections) connection.open().acknowledge().data(0);
    return [...this.connections];
  }

  connection(index: number): ScriptedConnection {
    const connection = this.connections[index];
    if (connection === undefined) throw new RangeError(`only ${this.connections.length} connections were made`);
    return connection;
  }

  /** Advances the time. These connections deliver a trade of the current time every half second. */
  pass(ms: number, ...delivering: readonly ScriptedConnection[]): void {
    for (let passed = 0; passed < ms; passed += 500) {
      this.scheduler.advance(Math.min(500, ms - passed));
      for (const connection of delivering) if (!connection.closed) connection.data(this.scheduler.now());
    }
  }

  /**
   * What was reported since the last call, without data and answers: `LINE/CONNECTION kind`, with `+` for a successor.
   */
  story(): string[] {
    return this.changes
      .splice(0)
      .filter(({ event }) => event.kind !== 'answered')
      .map(({ line, connection, successor, event }) => {
        const what =
          event.kind === 'cut_over'
            ? `handed_over from ${event.from}: ${event.notice.reason} after ${event.durationMs}`
            : event.kind === 'lost'
              ? `lost ${event.fault.kind}${event.successor === true ? ', continues' : ''}`
              : event.kind;
        return `${line.number}/${connection.id}${successor ? '+' : ''} ${what}`;
      });
  }

  /** Every connection that is not closed. */
  get open(): ScriptedConnection[] {
    return this.connections.filter(({ closed }) => !closed);
  }
}
