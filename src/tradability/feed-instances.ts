import type { FeedStatus, PriceTick } from '../domain/record.ts';
import { FeedInstance } from './feed-instance.ts';
import type { Moment } from './moment.ts';

/** Another instance may be about to start while it has not beaten for less than this. */
const STARTS_WITHIN_MS = 3000;

/** The instance that speaks for a symbol, and since which of its heartbeats, milliseconds since 1970. */
interface Served {
  readonly by: FeedInstance;
  readonly since: number;
}

/**
 * The feed, folded from its status records alone. Several instances may share the symbols: the one whose heartbeat named
 * a symbol last speaks for it, and its word and its silence count until a heartbeat of another names the symbol.
 */
export class FeedInstances {
  activeVenue: string | null = null;
  /** The one that beat last comes last. */
  readonly #byName = new Map<string, FeedInstance>();
  readonly #bySymbol = new Map<string, Served>();

  /** Takes a record; returns its instance, or undefined if the record came before. */
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

  /** The instances that speak; without symbols, like a shard that got none, an instance counts only if no other has any. */
  get speakers(): readonly FeedInstance[] {
    return this.#alive.filter(({ beat }) => beat !== undefined);
  }

  /** All that are known, also those that have not beaten yet. */
  get all(): readonly FeedInstance[] {
    return [...this.#byName.values()];
  }

  /** The last heartbeat of all. */
  get lastBeat(): FeedStatus | undefined {
    return this.speakers.at(-1)?.beat;
  }

  get symbols(): readonly string[] {
    return [...this.#bySymbol.keys()].filter((symbol) => this.isServed(symbol));
  }

  /** True before the first heartbeat that names a symbol. */
  get none(): boolean {
    return this.#bySymbol.size === 0;
  }

  /** Undefined: no heartbeat ever named the symbol. */
  speakerOf(symbol: string): FeedInstance | undefined {
    return this.#bySymbol.get(symbol)?.by;
  }

  /** False: its speaker has no active venue, so every venue is a feed of its own. */
  isByOneVenue(symbol: string): boolean {
    return this.speakerOf(symbol)?.beat?.activeVenue !== null;
  }

  /** False, too, once its speaker names it no more. */
  isServed(symbol: string): boolean {
    return this.speakerOf(symbol)?.symbols.has(symbol) === true;
  }

  /** The first heartbeat with which its speaker named the symbol, milliseconds since 1970; -Infinity: nobody speaks for it. */
  servedSince(symbol: string): number {
    return this.#bySymbol.get(symbol)?.since ?? Number.NEGATIVE_INFINITY;
  }

  /** Data of a venue came, so its market is not idle. Returns whether the whole venue was said to be. */
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

  /** The instance speaks for its symbols from now on. Instances that have none left are forgotten, unless they are about to start. */
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
      const isStarting = other.beat === undefined && timestamp - other.last.timestamp <= STARTS_WITHIN_MS;
      if (!speaking.has(other) && !isStarting) this.#byName.delete(other.name);
    }
  }
}
