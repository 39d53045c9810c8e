import { identityOf } from '../../codec/identity.ts';
import type { FeedRecord } from '../../domain/record.ts';

/** The last records of one kind, without repeats. */
export class RecentRecords<T extends FeedRecord> {
  readonly #size: number;
  readonly #byIdentity = new Map<string, T>();
  #hasDropped = false;

  constructor(size: number) {
    this.#size = size;
  }

  add(record: T): void {
    const identity = identityOf(record);
    if (this.#byIdentity.has(identity)) return;
    this.#byIdentity.set(identity, record);
    if (this.#byIdentity.size <= this.#size) return;
    const [oldest] = this.#byIdentity.keys();
    if (oldest !== undefined) this.#byIdentity.delete(oldest);
    this.#hasDropped = true;
  }

  /** True if an older record was dropped. */
  get hasDropped(): boolean {
    return this.#hasDropped;
  }

  /** The last `limit` wanted records, newest first. */
  latest(limit: number, wanted: (record: T) => boolean = () => true): readonly T[] {
    return [...this.#byIdentity.values()].filter(wanted).slice(-limit).reverse();
  }
}
