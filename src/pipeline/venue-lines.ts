import { type Observable, Subject, Subscription } from 'rxjs';
import type { Instrument } from '../domain/instrument.ts';
import type { LineCommand } from '../venues/connect.ts';
import { type ConnectionPlan, planConnections } from '../venues/plan-connections.ts';
import { type LineSignal, venueLine } from './venue-line.ts';
import type { VenueCounts, VenueFeedOptions } from './venue-signal.ts';

/** One connection that is kept: its place in the plan and what is subscribed on it. */
export interface Line {
  /** From 1, by order of opening. */
  readonly number: number;
  readonly plan: ConnectionPlan;
  readonly topics: Set<string>;
  readonly commands$: Subject<LineCommand>;
  up: boolean;
  subscription: Subscription;
}

export interface TaggedSignal {
  readonly line: Line;
  readonly signal: LineSignal;
}

/** The lines of one venue: which instruments are subscribed on which connections, and all their signals as one stream. */
export class VenueLines {
  /** By the venue's symbol: what the decoders know. */
  readonly instruments = new Map<string, Instrument>();
  readonly signals$: Observable<TaggedSignal>;
  readonly #signals$ = new Subject<TaggedSignal>();
  readonly #options: VenueFeedOptions;
  readonly #counts: VenueCounts;
  readonly #isQuiet: (line: Line) => boolean;
  readonly #lines: Line[] = [];

  constructor(options: VenueFeedOptions, counts: VenueCounts, isQuiet: (line: Line) => boolean) {
    this.#options = options;
    this.#counts = counts;
    this.#isQuiet = isQuiet;
    this.signals$ = this.#signals$;
  }

  get count(): number {
    return this.#lines.length;
  }

  get up(): number {
    return this.#lines.filter((line) => line.up).length;
  }

  /** True when no other line of the venue is up. */
  isAlone(line: Line): boolean {
    return this.#lines.every((other) => other === line || !other.up);
  }

  /** Opens connections for instruments, as many as the venue's limits ask for, each `lines` times. */
  open(instruments: readonly Instrument[]): void {
    const { venue, settings, channels } = this.#options;
    for (const instrument of instruments) this.instruments.set(instrument.venueSymbol, instrument);
    const firstGroup = 1 + Math.max(-1, ...this.#lines.map((line) => line.plan.group));
    const wanted = { instruments, channels, lines: settings.lines, websocketUrls: settings.websocketUrls };
    for (const plan of planConnections(venue, wanted)) this.#keep({ ...plan, group: firstGroup + plan.group });
  }

  /** Subscribes one more instrument where a connection has room, else on new ones. */
  add(instrument: Instrument): void {
    const topics = this.topicsOf(instrument);
    const most = this.#options.venue.limits.topicsPerConnection;
    const group = this.#lines.find((line) => line.topics.size + topics.length <= most)?.plan.group;
    if (group === undefined) {
      this.open([instrument]);
      return;
    }
    this.instruments.set(instrument.venueSymbol, instrument);
    for (const line of this.#lines) {
      if (line.plan.group !== group) continue;
      for (const topic of topics) line.topics.add(topic);
      line.commands$.next({ kind: 'subscribe', topics });
    }
  }

  remove(instrument: Instrument): void {
    this.command(instrument, 'unsubscribe');
    for (const topic of this.topicsOf(instrument)) for (const line of this.#lines) line.topics.delete(topic);
    this.instruments.delete(instrument.venueSymbol);
  }

  command(instrument: Instrument, kind: 'resubscribe' | 'unsubscribe'): void {
    const own = this.topicsOf(instrument);
    for (const line of this.#lines) {
      const topics = own.filter((topic) => line.topics.has(topic));
      if (line.up && topics.length > 0) line.commands$.next({ kind, topics });
    }
  }

  bySymbol(symbol: string): Instrument | undefined {
    for (const instrument of this.instruments.values()) if (instrument.symbol === symbol) return instrument;
    return undefined;
  }

  byTopic(topic: string): Instrument | undefined {
    for (const instrument of this.instruments.values())
      if (this.topicsOf(instrument).includes(topic)) return instrument;
    return undefined;
  }

  /** True when no line has any topic of the instrument left. */
  lacks(instrument: Instrument): boolean {
    return this.topicsOf(instrument).every((topic) => this.#lines.every((line) => !line.topics.has(topic)));
  }

  close(): void {
    for (const line of this.#lines) line.subscription.unsubscribe();
  }

  topicsOf(instrument: Instrument): readonly string[] {
    return this.#options.channels.flatMap((channel) => this.#options.venue.topics(instrument, channel));
  }

  #keep(plan: ConnectionPlan): void {
    const { settings, connect, onFrame, staleAfterMs, scheduler } = this.#options;
    const number = this.#lines.length + 1;
    const line: Line = {
      number,
      plan,
      topics: new Set(plan.topics),
      commands$: new Subject(),
      up: false,
      subscription: Subscription.EMPTY,
    };
    this.#lines.push(line);
    const connection$ = connect({
      url: plan.url,
      topics: () => [...line.topics],
      commands$: line.commands$,
      instruments: this.instruments,
      onFrame: (frame) => {
        this.#counts.frames++;
        onFrame?.(frame, number);
      },
    });
    const isQuiet = () => this.#isQuiet(line);
    line.subscription = venueLine({
      connection$,
      reconnect: settings.reconnect,
      staleAfterMs,
      isQuiet,
      scheduler,
    }).subscribe((signal) => this.#signals$.next({ line, signal }));
  }
}
