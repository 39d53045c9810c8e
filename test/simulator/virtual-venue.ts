import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { Connection } from '../../src/simulator/connection.ts';
import { Faults } from '../../src/simulator/faults/faults.ts';
import { SimulatedMarket } from '../../src/simulator/market/market.ts';
import { MarketClock } from '../../src/simulator/market/market-clock.ts';
import type { SimulatedInstrument } from '../../src/simulator/market/simulated-instrument.ts';
import { simulatedVenue } from '../../src/simulator/simulated-venue.ts';
import { VenueHost } from '../../src/simulator/venue-host.ts';
import type { SimulatedVenue } from '../../src/simulator/venue-protocol.ts';
import { VENUE_SPECS } from '../../src/simulator/venue-spec.ts';

const SLICE_MS = 5;

/** A connection without a socket that keeps every sent frame. */
export class VirtualLine {
  readonly texts: string[] = [];
  readonly connection: Connection;
  private read = 0;
  private readonly venue: SimulatedVenue;
  private readonly now: () => number;

  constructor(venue: SimulatedVenue, path: string, now: () => number) {
    this.venue = venue;
    this.now = now;
    const ws = {
      extensions: 'virtual',
      readyState: 1,
      send: (data: string | Buffer) => this.texts.push(data.toString()),
      close: () => {},
    } as unknown as WebSocket;
    const socket = { resetAndDestroy: () => venue.host.connectionClosed(this.connection) } as unknown as Socket;
    this.connection = venue.host.connect('market', ws, socket, now());
    venue.socket.opened?.(this.connection, path, new URLSearchParams());
  }

  send(message: unknown): void {
    this.venue.socket.message(this.connection, JSON.stringify(message), this.now());
  }

  /** The messages since the last call. */
  take<M>(): M[] {
    const texts = this.texts.slice(this.read);
    this.read = this.texts.length;
    return texts.map((text) => JSON.parse(text) as M);
  }
}

/** One simulated venue in virtual time, without a port. */
export class VirtualVenue {
  /** The venue's time, milliseconds since 1970. */
  now = Date.UTC(2026, 10, 21, 8, 30, 30);
  readonly venue: SimulatedVenue;
  readonly faults: Faults;
  readonly market: SimulatedMarket;
  private readonly clock: MarketClock;

  constructor(id: VenueId, rate = 1_000, symbols = 3) {
    const spec = VENUE_SPECS.find((one) => one.id === id);
    if (spec === undefined) throw new Error(id);
    this.market = new SimulatedMarket({ spec, seed: 7, symbols, rate, startedAt: this.now });
    const host = new VenueHost(spec, this.market, undefined, undefined);
    this.venue = simulatedVenue(host);
    this.faults = new Faults([this.venue]);
    const { streams } = this.venue;
    this.clock = new MarketClock(this.market, this.now, streams.order);
  }

  get btc(): SimulatedInstrument {
    return this.market.instruments[0] as SimulatedInstrument;
  }

  open(path = '/ws'): VirtualLine {
    return new VirtualLine(this.venue, path, () => this.now);
  }

  run(ms: number, each: () => void = () => {}): void {
    const end = this.now + ms;
    while (this.now < end) {
      this.now += SLICE_MS;
      this.faults.slice(this.now);
      this.clock.slice(this.now, this.now);
      this.venue.streams.slice(this.now);
      each();
    }
  }

  fault(request: Record<string, unknown>): void {
    this.faults.start({ venue: this.venue.host.id, ...request }, this.now);
  }

  rest(path: string): { status: number; headers: Readonly<Record<string, string>>; body: unknown } {
    const [route = '', query = ''] = path.split('?');
    const answer = this.venue.rest.answer({
      path: route,
      query: new URLSearchParams(query),
      dataOnly: false,
      headers: {},
      now: this.now,
    });
    return { status: answer.status, headers: answer.headers ?? {}, body: JSON.parse(answer.body) };
  }
}
