import { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import { isTrade } from '../../domain/trade-id.ts';
import type { TakeBackwards } from '../../kafka/reading/fetch-backwards.ts';
import type { MessageDecoder } from '../../kafka/reading/read-topic.ts';

/** The latest epoch of a message key, whose last trade is wanted. */
export interface SoughtTrade {
  readonly epoch: number;
  /** True: the epoch has a trade in the time that is read. */
  readonly isThere: boolean;
}

export interface LastTrades {
  readonly take: TakeBackwards;
  /** The found trades in the order of publishing, including late trades of earlier epochs. */
  readonly found: readonly FeedRecord[];
  /** True: a missing trade may lie in another partition, because partitions were added to the topic. */
  readonly mayMissTrades: boolean;
}

/**
 * Finds the last trade of each sought key, in the epoch given for it, in a partition that is read backwards. It decodes
 * no further messages of a key whose trade is found, and stops when all are found.
 * @param from stops at this append time of the broker, milliseconds since 1970
 */
export function lastTradesOf(
  sought: Iterable<readonly [string, SoughtTrade]>,
  from: number,
  decode: MessageDecoder,
): LastTrades {
  const missing = new Map(sought);
  /** Newest first. */
  const found: FeedRecord[] = [];
  let isAtStart = false;
  return {
    async take(messages, isFirst) {
      for (const { key, value, timestamp } of messages.toReversed()) {
        if (timestamp < from) return 'stop';
        const wanted = key === null ? undefined : missing.get(key);
        if (key === null || value === null || wanted === undefined) continue;
        const record = await decode(value);
        // Messages of other programs are ignored.
        if (record instanceof Fault || !isTrade(record)) continue;
        found.push(record);
        if (record.epoch >= wanted.epoch) missing.delete(key);
      }
      isAtStart = isFirst;
      return missing.size > 0 ? 'continue' : 'stop';
    },
    get found() {
      return found.toReversed();
    },
    get mayMissTrades() {
      return missing.values().some(({ isThere }) => isThere || isAtStart);
    },
  };
}
