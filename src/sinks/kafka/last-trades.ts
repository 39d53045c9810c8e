import { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { TopicMessage } from '../../kafka/contract.ts';
import type { MessageDecoder } from '../../kafka/reading/read-topic.ts';

export interface SoughtTrade {
  readonly epoch: number;
  /** Its last trade is no older than is looked for. */
  readonly isThere: boolean;
}

/**
 * The last trade of each key's latest epoch in a partition that is read from its end back, as far as a time: of a key
 * that has it nothing more is decoded, and once all have it nothing more is read.
 */
export class LastTrades {
  readonly #missing: Map<string, SoughtTrade>;
  readonly #from: number;
  readonly #decode: MessageDecoder;
  /** The last one first. */
  readonly #found: FeedRecord[] = [];
  /** The partition begins later than is looked for. */
  #isAtStart = false;

  /** By key; `from` is the broker's append time, milliseconds since 1970. */
  constructor(sought: Iterable<readonly [string, SoughtTrade]>, from: number, decode: MessageDecoder) {
    this.#missing = new Map(sought);
    this.#from = from;
    this.#decode = decode;
  }

  /** In the order of publishing; what of an earlier epoch came behind them included. */
  get found(): readonly FeedRecord[] {
    return this.#found.toReversed();
  }

  /**
   * True where what was not found may lie in another partition, as the topic was given more: this one begins later, or
   * does not have what it should.
   */
  get isDoubtful(): boolean {
    const missing = [...this.#missing.values()];
    return missing.some(({ isThere }) => isThere || this.#isAtStart);
  }

  /** As TakeBackwards. */
  async take(messages: readonly TopicMessage[], isFirst: boolean): Promise<boolean> {
    for (const { key, value, timestamp } of messages.toReversed()) {
      if (timestamp < this.#from) return false;
      const sought = key === null ? undefined : this.#missing.get(key);
      if (key === null || value === null || sought === undefined) continue;
      const record = await this.#decode(value);
      // What is not ours ends nothing.
      if (record instanceof Fault || (record.kind !== 'trade' && record.kind !== 'agg_trade')) continue;
      this.#found.push(record);
      if (record.epoch >= sought.epoch) this.#missing.delete(key);
    }
    this.#isAtStart = isFirst;
    return this.#missing.size > 0;
  }
}
