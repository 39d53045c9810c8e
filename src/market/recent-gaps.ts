import type { Gap } from '../domain/record.ts';
import { isMissing, nameOfGap } from '../domain/trade-id.ts';

/** The last gaps, each once, with its latest outcome. */
export class RecentGaps {
  readonly #size: number;
  readonly #byName = new Map<string, Gap>();

  /** @param size how many gaps are remembered */
  constructor(size: number) {
    this.#size = size;
  }

  /** Adds a record of `gaps`. A gap that is repaired or healed stays so, although an earlier record may be repeated. */
  add(gap: Gap): void {
    const name = nameOfGap(gap);
    const known = this.#byName.get(name);
    if (known === undefined || isMissing(known.outcome)) this.#byName.set(name, gap);
    if (this.#byName.size <= this.#size) return;
    const [oldest] = this.#byName.keys();
    if (oldest !== undefined) this.#byName.delete(oldest);
  }

  /** The last `limit` wanted gaps, in the order of their first records, newest first. */
  latest(limit = Number.POSITIVE_INFINITY, wanted: (gap: Gap) => boolean = () => true): readonly Gap[] {
    return [...this.#byName.values()].filter(wanted).slice(-limit).reverse();
  }
}
