import { at } from '../../domain/at.ts';
import type { Item } from './stream-channels.ts';

/** What waits for a client that lags. */
export interface Backlog {
  /** Nothing waits, nor is anything missed that was not told yet. */
  readonly isEmpty: boolean;
  add(item: Item): void;
  /** The next of what waits, oldest first. */
  take(most: number): readonly Item[];
  /** How many were dropped since the last call, by symbol; null: of the whole feed. */
  takeMissed(): ReadonlyMap<string | null, number>;
}

const NOTHING: ReadonlyMap<string | null, number> = new Map();

/** Candles have a key each. */
const MOST_KEYS = 10_000;

/** Of each key the newest waits: nothing is missed but what is out of date. */
export class NewestBacklog implements Backlog {
  readonly #items = new Map<string, Item>();

  get isEmpty(): boolean {
    return this.#items.size === 0;
  }

  add(item: Item): void {
    this.#items.delete(item.key);
    this.#items.set(item.key, item);
    if (this.#items.size <= MOST_KEYS) return;
    const [oldest] = this.#items.keys();
    if (oldest !== undefined) this.#items.delete(oldest);
  }

  take(most: number): readonly Item[] {
    const taken = [...this.#items.values()].slice(0, most);
    for (const { key } of taken) this.#items.delete(key);
    return taken;
  }

  takeMissed(): ReadonlyMap<string | null, number> {
    return NOTHING;
  }
}

/** The last `size` wait; the oldest go for newer ones, and are counted. */
export class QueueBacklog implements Backlog {
  readonly #size: number;
  #items: Item[] = [];
  /** Of the oldest that waits. */
  #head = 0;
  #missed = new Map<string | null, number>();

  constructor(size: number) {
    this.#size = size;
  }

  get isEmpty(): boolean {
    return this.#items.length === this.#head && this.#missed.size === 0;
  }

  add(item: Item): void {
    this.#items.push(item);
    if (this.#items.length - this.#head <= this.#size) return;
    const { symbol } = at(this.#items, this.#head++);
    this.#missed.set(symbol, (this.#missed.get(symbol) ?? 0) + 1);
    this.#compact();
  }

  take(most: number): readonly Item[] {
    const taken = this.#items.slice(this.#head, this.#head + most);
    this.#head += taken.length;
    this.#compact();
    return taken;
  }

  takeMissed(): ReadonlyMap<string | null, number> {
    if (this.#missed.size === 0) return NOTHING;
    const missed = this.#missed;
    this.#missed = new Map();
    return missed;
  }

  #compact(): void {
    if (this.#head < this.#size && this.#head < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
