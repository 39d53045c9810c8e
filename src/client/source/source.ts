import type { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';

/** Where a message is in a topic. */
export interface MessageOffset {
  readonly partition: number;
  readonly offset: number;
  /** When the broker appended the message, milliseconds since 1970. In files: the record's `arrivalMs`. */
  readonly appendedAt: number;
}

/** A message that is not decoded yet. */
export interface EncodedMessage extends MessageOffset {
  /** The record, a Fault of kind `malformed`, or undefined if empty. Rejects if its schema cannot be fetched. */
  decode(): FeedRecord | Fault | undefined | Promise<FeedRecord | Fault | undefined>;
}

/** Handles the messages of one topic. The source awaits each `take` before the next one. */
export interface TopicHandler {
  /** Reading begins at these offsets, by partition. */
  started(offsets: ReadonlyMap<number, number>): void;
  /** Hands the messages to listeners, at their pace. Ends early if the signal aborts. */
  take(messages: readonly EncodedMessage[], signal: AbortSignal): Promise<void>;
  /** Resolves when no listener needs a message any more that was handed to it. */
  settled(): Promise<void>;
  /** `unread`: how many messages of the partition are not read yet. */
  updateLag(partition: number, unread: number): void;
  /** Messages were deleted before they were read, or the topic was recreated; reading continues at `next`. */
  lost(partition: number, from: number, next: number): void;
  /** Reading failed; the source retries. */
  readFailed(fault: Fault): void;
  /** The offset of the next record for the listeners, by partition. */
  positions(): ReadonlyMap<number, number>;
  /** The offset to commit, by partition: all listeners are done with the records before it. */
  committable(): ReadonlyMap<number, number>;
  /** Drops the waiting records of all other partitions, which this reader no longer owns. */
  keepOnly(partitions: ReadonlySet<number>): void;
}

/** Where a topic's records come from. */
export interface TopicSource {
  /**
   * Reads until the signal aborts, or until there will be no more records. Rejects with a Fault if it cannot continue.
   */
  follow(topic: string, handler: TopicHandler, signal: AbortSignal): Promise<void>;
}

/** A problem while a topic is read, for `onWarning` and `warnings$`. */
export type ClientWarning = TopicTrouble & { readonly topic: string };

type TopicTrouble =
  /**
   * Offsets from `from` to before `next` were deleted unread, with their records, if they had any. `next` < `from`: the
   * topic was recreated.
   */
  | { readonly kind: 'lost'; readonly partition: number; readonly from: number; readonly next: number }
  /** A message that is not a record of the feed was skipped. */
  | { readonly kind: 'malformed'; readonly partition: number; readonly offset: number; readonly fault: Fault }
  /** The brokers or the schema registry fail; the client retries until they answer. */
  | { readonly kind: 'unreachable'; readonly fault: Fault };

/** A warning as a sentence for people. */
export function warningText(warning: ClientWarning): string {
  const { topic } = warning;
  switch (warning.kind) {
    case 'lost':
      if (warning.next < warning.from)
        return `${topic}: partition ${warning.partition}: the topic was recreated; reading restarts at offset ${warning.next}`;
      return `${topic}: partition ${warning.partition}: offsets ${warning.from} to ${warning.next - 1} were deleted before they were read; if they had records, these are lost`;
    case 'malformed':
      return `${topic}: partition ${warning.partition} offset ${warning.offset} was skipped: ${warning.fault.message}`;
    case 'unreachable':
      return `${topic}: ${warning.fault.message}; trying again`;
  }
}
