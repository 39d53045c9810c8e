import type { Item } from './stream-channels.ts';

/** A slow client's waiting items: the newest of each key, or all in order. Of more than `most`, it drops the oldest. */
export class Backlog {
  readonly #keeps: 'newest' | 'all';
  readonly #most: number;
  /** The items by key, oldest first. If all are kept, the key is a running number. */
  readonly #items = new Map<string | number, Item>();
  #number = 0;
  #missed = new Map<string | null, number>();

  constructor(keeps: 'newest' | 'all', most: number) {
    this.#keeps = keeps;
    this.#most = most;
  }

  /** True if no item waits, and no missed item is left to report. */
  get isEmpty(): boolean {
    return this.#items.size === 0 && this.#missed.size === 0;
  }

  add(item: Item): void {
    this.#items.set(this.#keeps === 'newest' ? item.key : this.#number++, item);
    if (this.#items.size <= this.#most) return;
    const [oldest] = this.take(1);
    if (oldest === undefined || this.#keeps === 'newest') return;
    this.#missed.set(oldest.symbol, (this.#missed.get(oldest.symbol) ?? 0) + 1);
  }

  /** Removes and returns the oldest items. */
  take(most: number): readonly Item[] {
    const taken: Item[] = [];
    for (const [key, item] of this.#items) {
      if (taken.length >= most) break;
      this.#items.delete(key);
      taken.push(item);
    }
    return taken;
  }

  /** How many items were dropped since the last call, by symbol; null for items of the whole feed. */
  takeMissed(): ReadonlyMap<string | null, number> {
    const missed = this.#missed;
    this.#missed = new Map();
    return missed;
  }
}
