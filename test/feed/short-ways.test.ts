import { isDeepStrictEqual } from 'node:util';
import { map, of, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import { Activity } from '../../src/feed/liveness/activity.ts';
import { VenueFeed } from '../../src/feed/venue-feed.ts';
import type { ConnectArguments, VenueSignal } from '../../src/feed/venue-signal.ts';
import type { openSocket, SocketHandlers } from '../../src/net/open-socket.ts';
import { seededRandom } from '../../src/replay/seeded-random.ts';
import { connectLine } from '../../src/venues/connection/connect.ts';
import type { Venue } from '../../src/venues/contract.ts';
import { venues } from '../../src/venues/registry.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { SteppedScheduler } from '../venues/stepped-scheduler.ts';
import { instrument, STALE_AFTER_MS, scriptedVenue } from './connection/scripted-lines.ts';

const OTHER = 'other';
const RUNS = Number(process.env.SHORT_WAYS_RUNS ?? 60);
const STEPS = 400;
const STARTED_AT = 1_790_000_000_000;
const COINS = ['BTC', 'ETH'];

interface Made {
  readonly symbol: string;
  readonly id: number;
  readonly timestamp: number;
}

interface FakeSocket {
  readonly handlers: SocketHandlers;
  open: boolean;
}

const WRITTEN: Readonly<Record<string, (made: Made, price: string) => string>> = {
  binance: ({ symbol, id, timestamp }, price) =>
    `{"stream":"${symbol.toLowerCase()}@trade","data":{"e":"trade","E":${timestamp + 1},"s":"${symbol}","t":${id},"p":"${price}","q":"0.50","T":${timestamp},"m":false,"M":true}}`,
  bybit: ({ symbol, id, timestamp }, price) =>
    `{"topic":"publicTrade.${symbol}","ts":${timestamp + 1},"type":"snapshot","data":[{"i":"${id}","T":${timestamp},"p":"${price}","v":"0.50","S":"Sell","seq":1,"s":"${symbol}","BT":false,"RPI":false}]}`,
};

/** A venue with two lines, each of which is sent what a seed says; with the short ways of the frames, or without. */
class Run {
  readonly signals: VenueSignal[] = [];
  /** By which way frames came, or were left. */
  more = 0;
  repeats = 0;
  opened = 0;
  readonly #scheduler = new SteppedScheduler();
  readonly #sockets: FakeSocket[] = [];
  readonly #random: () => number;
  readonly #short: boolean;
  readonly #venue: Venue;
  readonly #feed: VenueFeed;
  /** What was made, by symbol, and what each line has yet to be sent. */
  readonly #made = new Map(COINS.map((coin) => [`${coin}USDT`, [] as Made[]]));
  readonly #due: Made[][] = [[], []];
  readonly #activity = new Activity({ quietMs: STALE_AFTER_MS / 2, coinQuietMs: 3000 });
  /** What another venue of the market is told of this one, step by step. */
  readonly #quiet: boolean[] = [];

  constructor(seed: number, id: 'binance' | 'bybit', short: boolean) {
    this.#random = seededRandom(seed);
    this.#short = short;
    this.#venue = venues[id];
    for (const venue of [id, OTHER]) this.#activity.register(venue, 'a market');
    const scheduler = this.#scheduler;
    const fetched = (trades: readonly Made[]) =>
      this.#random() < 0.3
        ? throwError(() => new Fault('connect_failed', 'no'))
        : timer(300, scheduler).pipe(map(() => trades.map(asFetched)));
    this.#feed = new VenueFeed({
      ...scriptedVenue(scheduler, () => undefined, { lines: 2, lifetimeMs: 8000, random: () => 0.5 }),
      venue: this.#venue,
      activity: this.#activity,
      listed$: of(COINS.map((base) => ({ venueSymbol: `${base}USDT`, base, quote: 'USDT', trading: true }))),
      coinStaleAfterMs: 8000,
      fetchMissing:
        id === 'binance'
          ? (of, { before, after }) =>
              fetched(
                this.#of(of.symbol).filter((made) => made.id > Number(before.id) && made.id < Number(after.tradeId)),
              )
          : undefined,
      fetchRecent: id === 'bybit' ? (of) => fetched(this.#of(of.symbol).slice(-30)) : undefined,
      connect: (args) => this.#connect(args),
    });
    this.#play();
  }

  /** All that can be seen of it. */
  get outcome(): unknown {
    const { counts, duplicates, linesUp, lastDataAt } = this.#feed;
    const { quality, ...others } = counts;
    return {
      signals: this.signals,
      quality: quality.all(0),
      ...others,
      duplicates,
      linesUp,
      lastDataAt,
      opened: this.opened,
      quiet: this.#quiet,
    };
  }

  #of(symbol: string): readonly Made[] {
    return this.#made.get(symbol) ?? [];
  }

  #connect({ url, topics, commands$, instruments, rotateAfterMs, onFrame, onMore, asked }: ConnectArguments) {
    const { newDecoder } = this.#venue;
    const counted: Venue['newDecoder'] = (context) => {
      const decode = newDecoder(context);
      return (frame) => {
        const decoded = decode(frame);
        if (decoded.kind === 'events' && decoded.repeat !== undefined) this.repeats++;
        return decoded;
      };
    };
    return connectLine({
      venue: { ...this.#venue, newDecoder: counted },
      url,
      topics,
      commands$,
      onFrame,
      scheduler: this.#scheduler,
      open: (...args) => this.#open(...args),
      connectTimeoutMs: 1000,
      probeAfterMs: STALE_AFTER_MS / 2,
      compression: false,
      maxFrameMb: 1,
      ...(rotateAfterMs === undefined ? {} : { rotateAfterMs }),
      context: {
        environment: 'simulated',
        instruments,
        ...(this.#short ? { asked } : {}),
      },
      ...(this.#short ? { onMore: (data, now) => onMore(data, now) && ++this.more > 0 } : {}),
    });
  }

  #open(...[_url, _options, handlers]: Parameters<typeof openSocket>): ReturnType<typeof openSocket> {
    const socket = { handlers, open: false };
    this.opened++;
    this.#sockets.push(socket);
    this.#scheduler.schedule(() => {
      socket.open = true;
      handlers.onOpen();
    }, 20);
    return {
      send: (text) => {
        const { id, req_id } = JSON.parse(text) as { id?: number; req_id?: string };
        const answer =
          id === undefined ? { success: true, ret_msg: '', op: 'subscribe', req_id } : { result: null, id };
        this.#scheduler.schedule(() => this.#send(socket, JSON.stringify(answer)), 5);
      },
      ping: () => this.#scheduler.schedule(() => socket.open && handlers.onPong(), 5),
      close: () => {
        socket.open = false;
      },
    };
  }

  #send(socket: FakeSocket, text: string): void {
    const receivedAt = (STARTED_AT + this.#scheduler.now()) * 1000;
    if (socket.open) socket.handlers.onFrame({ data: Buffer.from(text), binary: false, receivedAt });
  }

  #play(): void {
    const warm = this.#random() < 0.3;
    const first = Math.floor(this.#random() * 1000) + 100;
    for (const made of this.#made.values()) made.push({ symbol: '', id: first, timestamp: STARTED_AT });
    if (this.#random() < 0.5) {
      const trade = { id: String(first + 3), timestamp: STARTED_AT + 500 };
      this.#feed.resumeAt(new Map([['BTCUSDT', { trade, aggTrade: null }]]));
    }
    if (warm) void this.#feed.warm({ withinMs: 1000 });
    else this.#subscribe();
    this.#scheduler.advance(100);
    for (let step = 0; step < STEPS; step++) {
      if (warm && step === 40) this.#subscribe();
      if (step === 60 && this.#random() < 0.5) this.#feed.forget('BTCUSDT');
      this.#step();
    }
    this.#scheduler.advance(20_000);
    this.#feed.flush();
  }

  #subscribe(): void {
    this.#feed.signals$.subscribe((signal) => this.signals.push(signal));
  }

  #step(): void {
    const now = this.#scheduler.now();
    this.#quiet.push(this.#activity.venueIsQuiet(OTHER, now));
    for (const coin of COINS) this.#quiet.push(this.#activity.coinIsQuiet(OTHER, coin, now));
    const chance = this.#random();
    if (chance < 0.25) this.#make();
    else if (chance < 0.65) this.#deliver();
    else if (chance < 0.75) this.#scheduler.advance(1 + Math.floor(this.#random() * 40));
    else if (chance < 0.77) this.#scheduler.advance(Math.floor(this.#random() * 3000));
    else if (chance < 0.78) this.#scheduler.advance(Math.floor(this.#random() * 12_000));
    else if (chance < 0.8) this.#end();
    else if (chance < 0.81) this.#restart();
    else if (chance < 0.88) this.#again();
    else if (chance < 0.9) this.#toAll('{"stream":"btcusdt@trade","data":{"e":"serverShutdown","E":1}}');
    else if (chance < 0.93) this.#toAll('not a frame');
  }

  #make(): void {
    const symbol = `${COINS[Math.floor(this.#random() * COINS.length)]}USDT`;
    const made = this.#made.get(symbol) as Made[];
    for (let count = Math.floor(this.#random() * 6); count >= 0; count--) {
      const id = (made.at(-1) as Made).id + (this.#venue.contiguousTradeIds ? 1 : 1 + Math.floor(this.#random() * 3));
      const trade = { symbol, id, timestamp: STARTED_AT + Math.trunc(this.#scheduler.now()) };
      made.push(trade);
      for (const due of this.#due) if (this.#random() < 0.95) due.push(trade);
    }
  }

  /** Ids begin anew. */
  #restart(): void {
    const timestamp = STARTED_AT + Math.trunc(this.#scheduler.now());
    this.#made.get('BTCUSDT')?.push({ symbol: 'BTCUSDT', id: 5, timestamp });
    this.#make();
  }

  /** Some of what one line is due, by all its connections: in bursts, mostly in order. */
  #deliver(): void {
    const line = Math.floor(this.#random() * 2);
    const due = this.#due[line] as Made[];
    for (let count = Math.floor(this.#random() * 8); count >= 0 && due.length > 0; count--) {
      const at = this.#random() < 0.03 ? Math.floor(this.#random() * due.length) : 0;
      const [made] = due.splice(at, 1);
      if (made !== undefined) this.#sendTrade(line, made);
    }
  }

  /** What was made before, once more. */
  #again(): void {
    const made = this.#of(`${COINS[Math.floor(this.#random() * COINS.length)]}USDT`).slice(1);
    const trade = made[Math.floor(this.#random() * made.length)];
    if (trade !== undefined) this.#sendTrade(Math.floor(this.#random() * 2), trade);
  }

  /** Some frames are written otherwise, some are wrong; and the same trade may come with another price. */
  #sendTrade(line: number, made: Made): void {
    const price = this.#random() < 0.03 ? '0.0' : this.#random() < 0.1 ? '77.10' : '76.5';
    const written = (WRITTEN[this.#venue.id] as (made: Made, price: string) => string)(made, price);
    const deviates = this.#random() < 0.05;
    for (const socket of this.#socketsOf(line)) this.#send(socket, deviates ? written.replace('","', '" ,"') : written);
  }

  /** Sockets in the order of their opening go by turns to the lines. */
  #socketsOf(line: number): FakeSocket[] {
    const open = this.#sockets.filter((socket) => socket.open);
    return open.filter((_, index) => index % 2 === line);
  }

  #toAll(text: string): void {
    for (const socket of this.#sockets) this.#send(socket, text);
  }

  #end(): void {
    const open = this.#sockets.filter((one) => one.open);
    const socket = open[Math.floor(this.#random() * open.length)];
    if (socket === undefined) return;
    socket.open = false;
    socket.handlers.onEnd({ kind: 'failed', fault: new Fault('connection_closed', 'closed') });
  }
}

function asFetched({ symbol, id, timestamp }: Made): TradeEvent {
  return tradeEvent(id, {
    symbol,
    venueSymbol: symbol,
    coin: instrument(symbol.slice(0, 3)).coin,
    timestamp,
    source: 'backfill',
  });
}

describe('the short ways of frames', () => {
  it.each(['binance', 'bybit'] as const)('%s: tell the same as the long ones, whatever two lines bring', (venue) => {
    let [more, repeats, published, holes, handedOver] = [0, 0, 0, 0, 0];
    for (let seed = 1; seed <= RUNS; seed++) {
      const short = new Run(seed, venue, true);
      const long = new Run(seed, venue, false);
      if (!isDeepStrictEqual(short.outcome, long.outcome)) expect(short.outcome, `seed ${seed}`).toEqual(long.outcome);
      more += short.more;
      repeats += short.repeats;
      for (const signal of short.signals) {
        if (signal.kind === 'events') published += signal.events.filter(({ kind }) => kind === 'trade').length;
        if (signal.kind === 'events') holes += signal.events.filter(({ kind }) => kind === 'hole').length;
        if (signal.kind === 'status' && signal.note.state === 'session_rotated') handedOver++;
      }
    }
    expect(more).toBeGreaterThan(RUNS * 50);
    expect(repeats > RUNS * 20).toBe(venue === 'binance');
    expect(published).toBeGreaterThan(RUNS * 50);
    expect(holes).toBeGreaterThan(RUNS);
    expect(handedOver).toBeGreaterThan(RUNS);
  });
});
