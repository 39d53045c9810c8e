import { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import { isTrade } from '../../domain/trade-id.ts';
import type { TakeBackwards } from '../../kafka/reading/fetch-backwards.ts';
import type { MessageDecoder } from '../../kafka/reading/read-topic.ts';

export interface SoughtTrade {
  readonly epoch: number;
  /** Its last trade is no older than is looked for. */
  readonly isThere: boolean;
}

export interface LastTrades {
  readonly take: TakeBackwards;
  /** In the order of publishing; what of an earlier epoch came behind them included. */
  readonly found: readonly FeedRecord[];
  /**
   * True if what was not found may lie in another partition, as the topic was given more: this one begins later, or does
   * not have what it should.
   */
  readonly isDoubtful: boolean;
}

/**
 * The last trade of each key's latest epoch in a partition that is read from its end back, as far as a time: once a key
 * has it nothing more of it is decoded, and once all have it nothing more is read.
 * @param from the broker's append time, milliseconds since 1970
 */
export function lastTradesOf(
  sought: Iterable<readonly [string, SoughtTrade]>,
  from: number,
  decode: MessageDecoder,
): LastTrades {
  const missing = new Map(sought);
  /** The last one first. */
  const found: FeedRecord[] = [];
  /** The partition begins later than is looked for. */
  let isAtStart = false;
  return {
    async take(messages, isFirst) {
      for (const { key, value, timestamp } of messages.toReversed()) {
        if (timestamp < from) return false;
        const wanted = key === null ? undefined : missing.get(key);
        if (key === null || value === null || wanted === undefined) continue;
        const record = await decode(value);
        // What is not ours ends nothing.
        if (record instanceof Fault || !isTrade(record)) continue;
        found.push(record);
        if (record.epoch >= wanted.epoch) missing.delete(key);
      }
      isAtStart = isFirst;
      return missing.size > 0;
    },
    get found() {
      return found.toReversed();
    },
    get isDoubtful() {
      return missing.values().some(({ isThere }) => isThere || isAtStart);
    },
  };
}
