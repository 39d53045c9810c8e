import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { CapturePlayback } from './captures/capture-playback.ts';
import { type EventKind, type FrameSubject, TRADE_KINDS } from './captures/frame-subject.ts';
import { Connection } from './connection.ts';
import { type Journal, type MadeEvent, tradeEvent, WITHHELD } from './journal.ts';
import { QUOTE } from './market/coins.ts';
import type { SimulatedMarket } from './market/market.ts';
import type { SimulatedInstrument, TradeTexts } from './market/simulated-instrument.ts';
import { Topic } from './topic.ts';
import type { VenueSpec } from './venue-spec.ts';

export interface Refusal {
  /** The HTTP status. Undefined: the venue's answer to a country that it does not serve. */
  readonly status: number | undefined;
  /** Seconds for Retry-After; undefined: no such header. */
  readonly retryAfter: number | undefined;
}

/** The lasting effects of the running faults on one venue. */
export class VenueFaults {
  /**
   * `refusal` answers handshakes and REST requests, `restRefusal` only REST requests, `mainRefusal` both, but not at the
   * market-data-only host.
   */
  refusal: Refusal | undefined;
  restRefusal: Refusal | undefined;
  mainRefusal: Refusal | undefined;
  closesAtOnce = false;
  readonly rejectedSymbols = new Set<string>();
  readonly symbolsWithRejectedTrades = new Set<string>();
  readonly delistedSymbols = new Set<string>();
  /** Symbols that the venue has halted. */
  readonly haltedSymbols = new Set<string>();
  /** The books of these symbols are empty, as before the first order or after the last one. */
  readonly symbolsWithEmptyBooks = new Set<string>();
  /** Symbol → divisor. REST rows have no price if it divides their trade id, or their open time in minutes. */
  readonly badRows = new Map<string, number>();
}

/** The state of one simulated venue: its connections, topics and faults. */
export class VenueHost {
  readonly spec: VenueSpec;
  /** The market; undefined if the venue plays a capture. */
  readonly market: SimulatedMarket | undefined;
  readonly capture: CapturePlayback | undefined;
  readonly journal: Journal | undefined;
  /** Open connections, in order of opening. */
  readonly connections: Connection[] = [];
  readonly topics = new Map<string, Topic>();
  /** Number of connections ever opened. */
  opened = 0;
  framesOfClosedConnections = 0;
  slowClientsClosed = 0;
  /** Replaced whenever a fault starts or ends. */
  faults = new VenueFaults();

  constructor(
    spec: VenueSpec,
    market: SimulatedMarket | undefined,
    capture: CapturePlayback | undefined,
    journal: Journal | undefined,
  ) {
    this.spec = spec;
    this.market = market;
    this.capture = capture;
    this.journal = journal;
  }

  get id(): string {
    return this.spec.id;
  }

  /** Open connections with market data. A fault's `line` is a position in this list, from 1. */
  get marketConnections(): Connection[] {
    return this.connections.filter(({ role }) => role === 'market');
  }

  /** True if a fault rejects new subscriptions of the subject. */
  rejects({ kind, symbol }: FrameSubject): boolean {
    const { rejectedSymbols, symbolsWithRejectedTrades } = this.faults;
    return rejectedSymbols.has(symbol) || (TRADE_KINDS.has(kind) && symbolsWithRejectedTrades.has(symbol));
  }

  instrument(symbol: string): SimulatedInstrument | undefined {
    return this.market?.bySymbol.get(symbol);
  }

  /** True if the venue has the symbol, listed or not. */
  knows(symbol: string): boolean {
    return this.market?.bySymbol.has(symbol) ?? this.capture?.symbols.has(symbol) ?? false;
  }

  lists(symbol: string): boolean {
    return this.knows(symbol) && !this.faults.delistedSymbols.has(symbol);
  }

  /** The listed instruments of its market. */
  get instruments(): readonly SimulatedInstrument[] {
    const all = this.market?.instruments ?? [];
    return this.faults.delistedSymbols.size === 0 ? all : all.filter(({ symbol }) => this.lists(symbol));
  }

  get listedSymbols(): readonly string[] {
    return this.market === undefined
      ? [...(this.capture?.symbols ?? [])]
      : this.instruments.map(({ symbol }) => symbol);
  }

  /** A symbol's row of the instrument list: its assets, and the steps of prices and quantities. */
  instrumentRow(symbol: string): { base: string; quote: string; tick: string; lot: string } {
    const instrument = this.instrument(symbol);
    if (instrument !== undefined)
      return { base: instrument.coin, quote: QUOTE, tick: instrument.priceText(1), lot: instrument.quantityText(1) };
    const [base, quote] = this.capture?.assets(symbol) ?? [symbol, QUOTE];
    return { base, quote, tick: '0.00000001', lot: '0.00000001' };
  }

  topic(name: string, kind: EventKind, symbol: string): Topic {
    return getOrCreate(this.topics, name, () => new Topic(name, kind, symbol));
  }

  /** The topic of this name if it has listeners. */
  activeTopic(name: string): Topic | undefined {
    const topic = this.topics.get(name);
    return topic !== undefined && topic.size > 0 ? topic : undefined;
  }

  subscribe(connection: Connection, topic: Topic): void {
    if (connection.topics.has(topic.name)) return;
    connection.topics.set(topic.name, topic);
    topic.add(connection);
    this.capture?.subscribed(connection, this.journal);
  }

  unsubscribe(connection: Connection, name: string): void {
    const topic = connection.topics.get(name);
    if (topic === undefined) return;
    connection.topics.delete(name);
    topic.remove(connection);
  }

  /** Writes a topic's event to the journal. */
  journalEvent(
    topic: Topic,
    { kind = topic.kind, ...event }: Omit<MadeEvent, 'venue' | 'symbol' | 'kind'> & { readonly kind?: EventKind },
  ): void {
    this.journal?.event({ venue: this.id, symbol: topic.symbol, kind, ...event });
  }

  /** Sends a book, or its changes, to all listeners and to the journal. */
  publishBook(topic: Topic, kind: EventKind, updateId: number, time: number, make: (unit: string) => string): void {
    const sent = topic.publish(make, kind);
    this.journalEvent(topic, { kind, id: `${updateId}`, time, sent, more: sent === topic.listening ? '' : WITHHELD });
  }

  /** Writes a trade to the journal; `topic` is undefined if the trade has no listeners. */
  journalTrade(symbol: string, trade: TradeTexts, sent: string, topic?: Topic): void {
    const more = topic !== undefined && sent !== topic.listening ? WITHHELD : '';
    this.journal?.event({ venue: this.id, symbol, kind: 'trade', ...tradeEvent(trade), sent, more });
  }

  /** Adds an open connection. */
  connect(role: Connection['role'], ws: WebSocket, socket: Socket, now: number): Connection {
    const connection = new Connection(++this.opened, role, ws, socket, now, (closed) => this.connectionClosed(closed));
    this.connections.push(connection);
    return connection;
  }

  /** Removes a closed connection. */
  connectionClosed(connection: Connection): void {
    const at = this.connections.indexOf(connection);
    if (at === -1) return;
    this.connections.splice(at, 1);
    this.framesOfClosedConnections += connection.frames;
    for (const topic of connection.topics.values()) topic.remove(connection);
    connection.topics.clear();
  }

  get framesSent(): number {
    return this.connections.reduce((sum, { frames }) => sum + frames, this.framesOfClosedConnections);
  }
}
