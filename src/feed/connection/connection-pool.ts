import { defer, type Observable, type Subscription, switchMap, timer } from 'rxjs';
import { type Channel, type Instrument, isDepthChannel } from '../../domain/instrument.ts';
import type { ClosingReason, ConnectionClosing } from '../../domain/venue-event.ts';
import { Broadcast } from '../../operators/broadcast.ts';
import { type ConnectionPlan, planConnections } from '../../venues/connection/plan-connections.ts';
import { ConnectionBudget } from '../../venues/connection/rate-limit.ts';
import { increment, type VenueCounts } from '../venue-counts.ts';
import type { VenueFeedOptions } from '../venue-feed-options.ts';
import { ConnectionSlot } from './connection-slot.ts';
import type { ConnectionEvent, LineEvent } from './line-event.ts';
import type { ManagedConnection } from './managed-connection.ts';
import { postponement, rotationAge } from './rotation-age.ts';
import { supervisedConnection } from './supervised-connection.ts';
import { venueNotices } from './venue-notices.ts';

/** The connection pool of one venue: which instruments each line subscribes, and the events of all lines. */
export class VenueConnectionPool {
  /** By the venue's symbol, for the decoders. */
  readonly instruments = new Map<string, Instrument>();
  readonly #bySymbol = new Map<string, Instrument>();
  readonly #byTopic = new Map<string, Instrument>();
  readonly neededChannel: 'trade' | 'agg_trade' | undefined;
  readonly #event = new Broadcast<LineEvent>();
  readonly events$ = this.#event.values$;
  readonly #options: VenueFeedOptions;
  readonly #counts: VenueCounts;
  readonly #isIdle: (connection: ManagedConnection) => boolean;
  readonly #lines: ConnectionSlot[] = [];
  readonly #budget: ConnectionBudget;
  #connections = 0;
  #isOpened = false;
  #notices: Subscription | undefined;

  /** `isIdle`: returns true if other venues show that the market is idle. */
  constructor(options: VenueFeedOptions, counts: VenueCounts, isIdle: (connection: ManagedConnection) => boolean) {
    this.#options = options;
    this.#counts = counts;
    this.#isIdle = isIdle;
    this.#budget = options.connectionBudget ?? new ConnectionBudget(options.venue.limits.connectionsPerFiveMinutes);
    this.neededChannel = (['trade', 'agg_trade'] as const).find((channel) => options.channels.includes(channel));
  }

  get count(): number {
    return this.#lines.length;
  }

  get up(): number {
    return this.#lines.filter((line) => line.up).length;
  }

  /** Since when all lines have their subscriptions, the scheduler's milliseconds. Undefined: not all have them now. */
  get subscribedSince(): number | undefined {
    // 0 at a venue that has none of the instruments, because it has no lines.
    const since = this.#lines.flatMap((line) => line.subscribedSince ?? []);
    return this.#isOpened && since.length === this.#lines.length ? Math.max(0, ...since) : undefined;
  }

  /** Returns the number of open connections that carry a symbol's trades. A cutover adds one for a moment. */
  connectionsOf(symbol: string): number {
    const instrument = this.bySymbol(symbol);
    if (instrument === undefined) return 0;
    const topics = this.neededOf(instrument);
    const carries = (line: ConnectionSlot) => topics.some((topic) => line.topics.wanted.has(topic));
    return this.#lines.reduce((sum, line) => (carries(line) ? sum + line.connectionsUp.length : sum), 0);
  }

  /** Returns true if no other connection of the venue is open. */
  isAlone(connection: ManagedConnection): boolean {
    return this.#lines.every((line) => line.connectionsUp.every((other) => other === connection));
  }

  /** Replaces the connections of all lines. Each new one delivers before the old one closes. */
  rotate(notice: ConnectionClosing): void {
    for (const line of this.#lines) line.rotate(notice);
  }

  /** Begins a cutover when the venue announces maintenance, while it still accepts connections. */
  #followNotices(): Subscription | undefined {
    const { notices$: connection$, settings, scheduler, random } = this.#options;
    const { reconnect } = settings;
    const onLost = (): void => increment(this.#counts.ignored, 'notices_lost');
    if (connection$ === undefined) return undefined;
    const notices$ = venueNotices({ connection$, reconnect, scheduler, random, onLost });
    return notices$.subscribe((notice) => this.rotate(notice));
  }

  /** Opens connections for instruments: as many as the venue's limits require, each `lines` times. */
  open(instruments: readonly Instrument[]): void {
    const { venue, settings, channels, books } = this.#options;
    for (const instrument of instruments) this.#register(instrument);
    const firstGroup = 1 + Math.max(-1, ...this.#lines.map((line) => line.plan.group));
    const { lines, websocketUrls } = settings;
    const wanted = { instruments, channels, lines, websocketUrls, ...(books === undefined ? {} : { books }) };
    for (const plan of planConnections(venue, wanted)) this.#addLine({ ...plan, group: firstGroup + plan.group });
    this.#notices ??= this.#followNotices();
    this.#isOpened = true;
  }

  /** Subscribes one more instrument, on new connections if no line has room. */
  add(instrument: Instrument): void {
    const topics = this.topicsOf(instrument);
    const most = this.#options.venue.limits.topicsPerConnection;
    const group = this.#lines.find((line) => line.topics.size + topics.length <= most)?.plan.group;
    if (group === undefined) {
      this.open([instrument]);
      return;
    }
    this.#register(instrument);
    for (const line of this.#lines) {
      if (line.plan.group === group) line.subscribe(topics);
    }
  }

  remove(instrument: Instrument): void {
    const topics = this.topicsOf(instrument);
    for (const line of this.#lines) line.unsubscribe(topics);
    for (const topic of topics) this.#byTopic.delete(topic);
    this.instruments.delete(instrument.venueSymbol);
    this.#bySymbol.delete(instrument.symbol);
  }

  /**
   * Subscribes an instrument's topics anew, or only `own`, on one line or on all. Returns the connections that may miss data.
   */
  resubscribe(
    instrument: Instrument,
    own: readonly string[] = this.topicsOf(instrument),
    number: number | null = null,
  ): readonly number[] {
    return this.#linesOf(number).flatMap((line) => {
      const topics = own.filter((topic) => line.topics.wanted.has(topic));
      if (!line.up || topics.length === 0) return [];
      line.command({ kind: 'resubscribe', topics });
      return line.connectionsUp.map(({ id }) => id);
    });
  }

  /** Replaces the connections that carry an instrument, on one line or on all, without a gap. */
  replace(instrument: Instrument, number: number | null): void {
    const topics = this.topicsOf(instrument);
    for (const line of this.#linesOf(number))
      if (topics.some((topic) => line.topics.wanted.has(topic)))
        line.rotate({ kind: 'closing', reason: 'channel_mute' });
  }

  /** Replaces a line's connection without a gap. */
  replaceLine(number: number, reason: ClosingReason): void {
    for (const line of this.#linesOf(number)) line.rotate({ kind: 'closing', reason });
  }

  /** The group of a line: lines of one group carry the same symbols. */
  groupOf(number: number): number | undefined {
    return this.#lines.find((line) => line.number === number)?.plan.group;
  }

  #linesOf(number: number | null): readonly ConnectionSlot[] {
    return number === null ? this.#lines : this.#lines.filter((line) => line.number === number);
  }

  /** Returns the topics without which an instrument is not served: its trades, or all topics if no trades are wanted. */
  neededOf(instrument: Instrument): readonly string[] {
    const channel = this.neededChannel;
    return channel === undefined ? this.topicsOf(instrument) : this.#options.venue.topics(instrument, channel);
  }

  bookTopicsOf(instrument: Instrument): readonly string[] {
    return this.topicsOf(instrument, this.channels.filter(isDepthChannel));
  }

  bySymbol(symbol: string): Instrument | undefined {
    return this.#bySymbol.get(symbol);
  }

  byTopic(topic: string): Instrument | undefined {
    return this.#byTopic.get(topic);
  }

  /** Returns true if the venue refused an instrument's trades on a line, and no open line has them: it does not serve it. */
  lacks(instrument: Instrument): boolean {
    const needed = this.neededOf(instrument);
    const isCarried = (topic: string) => this.#lines.some((line) => line.up && line.topics.wanted.has(topic));
    return (
      needed.some((topic) => this.#lines.some((line) => line.topics.refused.has(topic))) && !needed.some(isCarried)
    );
  }

  lacking(): readonly Instrument[] {
    const refused = new Set(this.#lines.flatMap((line) => [...line.topics.refused]));
    const about = new Set([...refused].flatMap((topic) => this.#byTopic.get(topic) ?? []));
    return [...about].filter((instrument) => this.lacks(instrument));
  }

  close(): void {
    this.#notices?.unsubscribe();
    for (const line of this.#lines.splice(0)) line.close();
  }

  get channels(): readonly Channel[] {
    return this.#options.channels;
  }

  topicsOf(instrument: Instrument, channels: readonly Channel[] = this.channels): readonly string[] {
    const { venue, books } = this.#options;
    return channels.flatMap((channel) => venue.topics(instrument, channel, books));
  }

  #register(instrument: Instrument): void {
    this.instruments.set(instrument.venueSymbol, instrument);
    this.#bySymbol.set(instrument.symbol, instrument);
    for (const topic of this.topicsOf(instrument)) this.#byTopic.set(topic, instrument);
  }

  #addLine(plan: ConnectionPlan): void {
    const { staleAfterMs, scheduler } = this.#options;
    const lifetimeMs = this.#lifetimeMs;
    const line = new ConnectionSlot({
      number: this.#lines.length + 1,
      plan,
      nextConnectionId: () => ++this.#connections,
      connect: (of, connection) => this.#connect(of, connection),
      isTurn: () => !this.#lines.some(({ rotates }) => rotates),
      postponeMs: lifetimeMs === undefined ? 0 : postponement(lifetimeMs),
      askAgainMs: this.#options.settings.reconnect.probeEveryMs,
      report: (event) => this.#event.next(event),
      staleAfterMs,
      scheduler,
    });
    this.#lines.push(line);
    line.start();
  }

  #connect(line: ConnectionSlot, connection: ManagedConnection): Observable<ConnectionEvent> {
    const { settings, connect, onFrame, staleAfterMs, scheduler, random = Math.random } = this.#options;
    const { number, plan, topics } = line;
    const lifetimeMs = this.#lifetimeMs;
    const attempt$ = connect({
      line: number,
      url: plan.url,
      topics: () => [...topics.wanted],
      commands$: connection.commands$,
      instruments: this.instruments,
      closingAfterMs: lifetimeMs === undefined ? undefined : rotationAge(lifetimeMs, plan.line, random),
      onFrame: (frame) => {
        this.#counts.frames++;
        onFrame?.(frame, number);
      },
    });
    const connection$ = defer(() => {
      const waitMs = this.#budget.reserve(scheduler.now());
      return waitMs === 0 ? attempt$ : timer(waitMs, scheduler).pipe(switchMap(() => attempt$));
    });
    const isIdle = () => this.#isIdle(connection);
    return supervisedConnection({
      connection$,
      reconnect: settings.reconnect,
      staleAfterMs,
      isIdle,
      scheduler,
      random,
    });
  }

  get #lifetimeMs(): number | undefined {
    return this.#options.lifetimeMs ?? this.#options.venue.limits.connectionLifetimeMs;
  }
}
