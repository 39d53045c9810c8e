import { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { BackwardReader } from '../../kafka/fetch-backwards.ts';
import type { TopicMessage } from '../../kafka/fetch-round.ts';

/**
 * The last trade of each key's latest epoch in a partition that is read from its end back, as far as a time: of a key
 * that has it nothing more is decoded, and once all have it nothing more is read.
 */
export class LastTrades implements BackwardReader {
  /** By key the epoch. */
  readonly #missing: Map<string, number>;
  readonly #from: number;
  readonly #decode: (value: Buffer) => Promise<FeedRecord | Fault>;
  /** The last one first. */
  readonly #found: FeedRecord[] = [];
  #isAtStart = false;

  /** `epochs` by key; `from` is the broker's append time, milliseconds since 1970. */
  constructor(
    epochs: Iterable<readonly [string, number]>,
    from: number,
    decode: (value: Buffer) => Promise<FeedRecord | Fault>,
  ) {
    this.#missing = new Map(epochs);
    this.#from = from;
    this.#decode = decode;
  }

  /** In the order of publishing; what of an earlier epoch came behind them included. */
  get found(): readonly FeedRecord[] {
    return this.#found.toReversed();
  }

  /** True where the partition begins later than what is looked for may lie. */
  get lacksPast(): boolean {
    return this.#isAtStart && this.#missing.size > 0;
  }

  async take(messages: readonly TopicMessage[]): Promise<boolean> {
    for (const { key, value, timestamp } of messages.toReversed()) {
      if (timestamp < this.#from) return this.#isDone();
      const epoch = key === null ? undefined : this.#missing.get(key);
      if (key === null || value === null || epoch === undefined) continue;
      const record = await this.#decode(value);
      // What is not ours ends nothing.
      if (record instanceof Fault || (record.kind !== 'trade' && record.kind !== 'agg_trade')) continue;
      this.#found.push(record);
      if (record.epoch >= epoch) this.#missing.delete(key);
    }
    return this.#missing.size > 0;
  }

  end(): void {
    this.#isAtStart = true;
  }

  #isDone(): false {
    this.#missing.clear();
    return false;
  }
}
