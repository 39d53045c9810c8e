import { NOT_SERVING, type ServingVenue } from '../domain/headline.ts';
import type { FeedStatus, PriceTick } from '../domain/record.ts';
import { FeedInstance } from './feed-instance.ts';
import type { Moment } from './moment.ts';
import type { Served } from './symbol-facts.ts';

/* The instances of the feed that a consumer sees, and which of them speaks for each symbol. */

/** How long an instance may exist before its first heartbeat, milliseconds. */
const STARTS_WITHIN_MS = 3000;

/** A symbol's speaker, and the time of its first heartbeat that named the symbol, milliseconds since 1970. */
interface Speaker {
  readonly by: FeedInstance;
  readonly since: number;
}

/**
 * The feed's instances, computed from the status records alone. A symbol's speaker is the last instance whose heartbeat
 * named it.
 */
export class FeedInstances {
  activeVenue: string | null = null;
  /** The instances in the order of their last heartbeats. */
  readonly #byName = new Map<string, FeedInstance>();
  readonly #bySymbol = new Map<string, Speaker>();

  /** Adds a record; returns its instance, or undefined if the record is a repeat. */
  add(record: FeedStatus, now: Moment): FeedInstance | undefined {
    const known = this.#byName.get(record.instance);
    if (known !== undefined && record.sequence <= known.last.sequence) return undefined;
    const instance = known ?? new FeedInstance(record);
    instance.add(record, now);
    if (record.heartbeat !== null) this.#supersede(instance, record);
    this.#byName.set(instance.name, instance);
    if (this.#alive.includes(instance)) this.activeVenue = record.activeVenue;
    return instance;
  }

  /** The instances with heartbeats. An instance without symbols counts only if no instance has symbols. */
  get speakers(): readonly FeedInstance[] {
    return this.#alive.filter(({ lastHeartbeat }) => lastHeartbeat !== undefined);
  }

  /** All known instances, including those without a heartbeat. */
  get all(): readonly FeedInstance[] {
    return [...this.#byName.values()];
  }

  /** The newest heartbeat of any instance. */
  get lastHeartbeat(): FeedStatus | undefined {
    return this.speakers.at(-1)?.lastHeartbeat;
  }

  /** Which venue serves; no venue if the instances have different ones. */
  get serving(): ServingVenue {
    const [first = NOT_SERVING, ...others] = this.speakers.map(({ serving }) => serving);
    return others.some(({ venue }) => venue !== first.venue) ? NOT_SERVING : first;
  }

  get symbols(): readonly string[] {
    return [...this.#bySymbol.keys()].filter((symbol) => this.isServed(symbol));
  }

  /** True until a heartbeat names a symbol. */
  get none(): boolean {
    return this.#bySymbol.size === 0;
  }

  /** Returns the symbol's speaker; undefined if no heartbeat ever named the symbol. */
  speakerOf(symbol: string): FeedInstance | undefined {
    return this.#bySymbol.get(symbol)?.by;
  }

  /** Returns what decides whether a price of the symbol is outdated. */
  served(symbol: string): Served {
    // A speaker without an active venue: every venue is a feed of its own.
    const byOneVenue = this.speakerOf(symbol)?.lastHeartbeat?.activeVenue !== null;
    return { since: this.servedSince(symbol), byOneVenue };
  }

  /** Returns true while the symbol's speaker names it. */
  isServed(symbol: string): boolean {
    return this.speakerOf(symbol)?.symbols.has(symbol) === true;
  }

  /**
   * Returns when the symbol's speaker first named it, milliseconds since 1970; -Infinity if the symbol has no speaker.
   */
  servedSince(symbol: string): number {
    return this.#bySymbol.get(symbol)?.since ?? Number.NEGATIVE_INFINITY;
  }

  /** Ends the idle state of a market that has new data. Returns true if the whole venue was idle. */
  sawData({ venue, symbol, receivedAt }: PriceTick): boolean {
    const idle = this.speakerOf(symbol)?.idleMarkets;
    if (idle === undefined || idle.size === 0) return false;
    const isOver = (market: string): boolean => receivedAt / 1000 > (idle.get(market) ?? Number.POSITIVE_INFINITY);
    if (isOver(`${venue}:${symbol}`)) idle.delete(`${venue}:${symbol}`);
    return isOver(venue) && idle.delete(venue);
  }

  get #alive(): readonly FeedInstance[] {
    const withSymbols = this.all.filter(({ symbols }) => symbols.size > 0);
    return withSymbols.length === 0 ? this.all : withSymbols;
  }

  /** Makes the instance the speaker of its symbols. Forgets instances without symbols, unless they are starting. */
  #supersede(instance: FeedInstance, { timestamp }: FeedStatus): void {
    this.#byName.delete(instance.name);
    for (const symbol of instance.symbols) {
      const previous = this.speakerOf(symbol);
      if (previous === instance) continue;
      previous?.symbols.delete(symbol);
      this.#bySymbol.set(symbol, { by: instance, since: timestamp });
    }
    const speaking = new Set([...this.#bySymbol.values()].map(({ by }) => by));
    for (const other of this.#byName.values()) {
      const isStarting = other.lastHeartbeat === undefined && timestamp - other.last.timestamp <= STARTS_WITHIN_MS;
      if (!speaking.has(other) && !isStarting) this.#byName.delete(other.name);
    }
  }
}
