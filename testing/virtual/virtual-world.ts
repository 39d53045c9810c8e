import { setImmediate as turn } from 'node:timers/promises';
import { Fault } from '../../src/domain/fault.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { HttpAnswer } from '../../src/net/http-request.ts';
import type { Network } from '../../src/net/network.ts';
import type { SocketHandlers } from '../../src/net/open-socket.ts';
import { VirtualScheduler } from '../../src/net/virtual-scheduler.ts';
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import { Faults } from '../../src/simulator/faults/faults.ts';
import type { Journal } from '../../src/simulator/journal.ts';
import { shortest } from '../../src/simulator/market/decimals.ts';
import { SimulatedMarket } from '../../src/simulator/market/market.ts';
import { MarketClock } from '../../src/simulator/market/market-clock.ts';
import { Random } from '../../src/simulator/market/random.ts';
import { serverPings } from '../../src/simulator/server-pings.ts';
import { simulatedVenue } from '../../src/simulator/simulated-venue.ts';
import { type Refusal, VenueHost } from '../../src/simulator/venue-host.ts';
import type { RestAnswer, SimulatedVenue } from '../../src/simulator/venue-protocol.ts';
import { VENUE_SPECS, type VenueSpec } from '../../src/simulator/venue-spec.ts';
import type { JournalEvent } from '../judges/journal.ts';
import { placeOf, topOf } from '../judges/judge-books.ts';
import { VirtualLine } from './virtual-line.ts';

/** Start of the virtual time, milliseconds since 1970. */
export const STARTED_AT = Date.UTC(2026, 10, 21, 8, 30, 30);
const DEFAULT_SLICE_MS = 5;
const DAY_MS = 86_400_000;
const BOOKS: ReadonlySet<string> = new Set(['depth', 'book']);
const MAX_AWAITED_MS = 60_000;

export interface VirtualWorldOptions {
  readonly seed: number;
  readonly venues: readonly VenueId[];
  readonly symbols: number;
  /** Trades a second of each venue. */
  readonly rate: number;
  /** As in `SimulatorOptions`. */
  readonly basisNoiseBps?: number;
  /** How often the venues make trades, milliseconds. Longer slices make long runs cheap. Default 5. */
  readonly sliceMs?: number;
}

type Aggregated = Required<Pick<JournalEvent, 'venue' | 'symbol' | 'first_trade_id' | 'last_trade_id'>>;

interface Site {
  readonly venue: SimulatedVenue;
  readonly heartbeat: ReturnType<typeof serverPings>;
  readonly clock: MarketClock;
}

/**
 * The simulated venues and the network to them, in virtual time: everything that a pipeline sees of the world, except
 * sinks. The same seed, and the same calls at the same times, give the same run.
 */
export class VirtualWorld {
  readonly scheduler = new VirtualScheduler(0);
  /** The trades that the venues made, in order. */
  readonly journal: JournalEvent[] = [];
  /** The best prices of the venues' books at each update that they made. */
  readonly tops = new Map<string, Set<string>>();
  readonly random: Random;
  readonly #faults: Faults;
  readonly #sliceMs: number;
  readonly #sites: ReadonlyMap<VenueId, Site>;
  /** True if a promise was resolved and its continuation has not run yet. */
  #resolved = false;

  constructor({ venues, sliceMs = DEFAULT_SLICE_MS, ...market }: VirtualWorldOptions) {
    this.#sliceMs = sliceMs;
    this.random = new Random(market.seed);
    const specs = VENUE_SPECS.filter(({ id }) => venues.includes(id));
    this.#sites = new Map(specs.map((spec) => [spec.id, this.#site(spec, market)]));
    this.#faults = new Faults([...this.#sites.values()].map(({ venue }) => venue));
    this.#everySlice();
  }

  readonly wallClockMs = (): number => STARTED_AT + Math.floor(this.scheduler.now());

  /** The networks for the feed. */
  readonly networks = (id: VenueId): Network => {
    const site = this.#sites.get(id);
    if (site === undefined) throw new Error(`${id} is not in this world`);
    return {
      open: (url, options, handlers) => this.#open(site, new URL(url), options.maxFrameBytes, handlers),
      get: (url, { timeoutMs }) => this.#get(site, new URL(url), timeoutMs),
    };
  };

  /** Starts a fault. Does nothing if its line is not connected at the moment. */
  fault(request: FaultRequest): void {
    try {
      this.#faults.start(request, this.wallClockMs());
    } catch (error) {
      if (!String(error).includes('open connections')) throw error;
    }
  }

  clearFaults(): void {
    this.#faults.clear(this.wallClockMs());
  }

  /** Resolves after `ms` milliseconds of virtual time. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.scheduler.after(ms, () => {
        this.#resolved = true;
        resolve();
      });
    });
  }

  /** Advances the time until the promise settles. */
  async until<T>(done: Promise<T>): Promise<T> {
    let isDone = false;
    const mark = (): void => {
      isDone = true;
    };
    done.then(mark, mark);
    const end = this.scheduler.now() + MAX_AWAITED_MS;
    for (;;) {
      await turn();
      if (isDone || this.scheduler.now() >= end) return done;
      await this.pass(DEFAULT_SLICE_MS);
    }
  }

  /** Advances the time by `ms` milliseconds. */
  async pass(ms: number): Promise<void> {
    const { scheduler } = this;
    const end = scheduler.now() + ms;
    for (let next = scheduler.nextDueAt; next !== undefined && next <= end; next = scheduler.nextDueAt) {
      scheduler.runNext();
      // Pending continuations run before the next event, as between two events of a real socket.
      if (this.#resolved) await turn();
      else await undefined;
      this.#resolved = false;
    }
    scheduler.moveTo(end);
  }

  /** A random latency, milliseconds: mostly at most 30, now and then up to 300. */
  latencyMs(): number {
    const { random } = this;
    return 1 + random.below(random.below(20) === 0 ? 300 : 30);
  }

  #site(spec: VenueSpec, options: Omit<VirtualWorldOptions, 'venues' | 'sliceMs'>): Site {
    const { scheduler } = this;
    const market = new SimulatedMarket({ ...options, spec, startedAt: STARTED_AT });
    const host = new VenueHost(spec, market, undefined, this.#journal(market));
    const venue = simulatedVenue(host);
    return {
      venue,
      heartbeat: serverPings(spec.ping, DAY_MS),
      clock: new MarketClock(market, scheduler.now(), venue.streams.order),
    };
  }

  #journal(market: SimulatedMarket): Journal {
    const event: Journal['event'] = ({
      venue,
      symbol,
      kind,
      id,
      price = '',
      quantity = '',
      side = '',
      time,
      sent,
      more,
    }) => {
      const instrument = market.bySymbol.get(symbol);
      if (BOOKS.has(kind) && instrument !== undefined) {
        const place = placeOf(venue, symbol, id);
        const top = topOf(
          shortest(instrument.bestBid, instrument.priceDecimals),
          shortest(instrument.bestAsk, instrument.priceDecimals),
        );
        this.tops.set(place, (this.tops.get(place) ?? new Set()).add(top));
      }
      if (kind === 'agg_trade')
        this.#addReceivers({ venue, symbol, ...JSON.parse(`{${more?.slice(1)}}`) }, JSON.parse(sent) as number[]);
      if (kind !== 'trade') return;
      const made = { venue, symbol, kind, id, price, quantity, side, time };
      const withheld = more?.includes('"withheld":true') === true ? { withheld: true as const } : {};
      this.journal.push({ ...made, sent: JSON.parse(sent) as number[], ...withheld });
    };
    return { event } as Journal;
  }

  /** Adds the receivers of an aggregated trade to its trades in the journal. They were made just before it. */
  #addReceivers(whole: Aggregated, sent: readonly number[]): void {
    const { venue, symbol, first_trade_id: first, last_trade_id: last } = whole;
    const isLast = (event: JournalEvent) => event.id === last && event.symbol === symbol && event.venue === venue;
    for (let at = this.journal.findLastIndex(isLast); at >= 0; at--) {
      const event = this.journal[at] as JournalEvent;
      this.journal[at] = { ...event, sent: [...event.sent, ...sent] };
      if (event.id === first) return;
    }
  }

  #everySlice(): void {
    const now = this.wallClockMs();
    this.#faults.slice(now);
    for (const { venue, clock, heartbeat } of this.#sites.values()) {
      clock.slice(this.scheduler.now(), now);
      venue.streams.slice(now);
      venue.socket.slice?.(now);
      heartbeat.slice(venue.host.connections, now);
      for (const connection of venue.host.connections) connection.flush(this.#sliceMs);
    }
    this.scheduler.after(this.#sliceMs, () => this.#everySlice());
  }

  #open(site: Site, url: URL, maxFrameBytes: number, handlers: SocketHandlers) {
    const { venue, heartbeat } = site;
    const { host, socket } = venue;
    const line = new VirtualLine(this, { handlers, host, venueSocket: socket, heartbeat, maxFrameBytes });
    this.scheduler.after(this.latencyMs(), () => {
      const refusal =
        host.faults.refusal === undefined
          ? socket.refuses?.(url.pathname, url.searchParams)
          : this.#refused(venue, host.faults.refusal);
      const role = socket.role(url.pathname);
      if (refusal !== undefined || role === undefined) line.refuse(httpAnswer(refusal ?? { status: 404, body: '' }));
      else if (line.accept(role)) {
        this.#faults.opened();
        if (host.faults.closesAtOnce) line.connection?.close(1001, 'simulated');
        else if (line.connection !== undefined) socket.opened?.(line.connection, url.pathname, url.searchParams);
      }
    });
    return line.client;
  }

  #get({ venue }: Site, url: URL, timeoutMs: number): Promise<HttpAnswer> {
    const { host, rest } = venue;
    return new Promise((resolve, reject) => {
      const giveUp = this.scheduler.after(timeoutMs, () => {
        this.#resolved = true;
        reject(new Fault('connect_timeout', `no answer from ${url} within ${timeoutMs} ms`));
      });
      this.scheduler.after(this.latencyMs(), () => {
        const refused = host.faults.refusal ?? host.faults.restRefusal;
        const request = {
          path: url.pathname,
          query: url.searchParams,
          dataOnly: false,
          headers: {},
          now: this.wallClockMs(),
        };
        const answer = refused === undefined ? rest.answer(request) : this.#refused(venue, refused);
        this.scheduler.after(this.latencyMs(), () => {
          giveUp();
          this.#resolved = true;
          resolve(httpAnswer(answer));
        });
      });
    });
  }

  #refused({ rest }: SimulatedVenue, { status, retryAfter }: Refusal): RestAnswer {
    const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` };
    return { ...rest.refusal(status, this.wallClockMs()), headers };
  }
}

function httpAnswer({ status, headers = {}, body }: RestAnswer): HttpAnswer {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { status, headers: Object.fromEntries(lower) as Record<string, string>, body };
}
