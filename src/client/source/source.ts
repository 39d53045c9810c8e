import type { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';

/** A message's place in a topic. */
export interface MessagePlace {
  readonly partition: number;
  readonly offset: number;
  /** When the broker appended it, milliseconds since 1970. */
  readonly appendedAt: number;
}

/** A message that is not decoded yet. */
export interface Arrival extends MessagePlace {
  /** The record, a Fault (malformed), or undefined for an empty message. Rejects if its schema cannot be fetched. */
  decode(): FeedRecord | Fault | undefined | Promise<FeedRecord | Fault | undefined>;
}

/** Receives what a source reads; the source awaits each call before the next. */
export interface Follower {
  /** Reading begins at these offsets, by partition. */
  started(offsets: ReadonlyMap<number, number>): void;
  /** Hands the messages to listeners, at their pace. Ends early when the signal aborts. */
  take(arrivals: readonly Arrival[], signal: AbortSignal): Promise<void>;
  /** `behind`: how many messages of the partition are not read yet. */
  answered(partition: number, behind: number): void;
  /** Messages were deleted before they were read. */
  lost(partition: number, from: number, next: number): void;
  /** Reading failed; the source retries. */
  troubled(fault: Fault): void;
  /** The next offset to hand out, by partition. */
  positions(): ReadonlyMap<number, number>;
  /** The offset up to which all listeners are done, by partition. */
  done(): ReadonlyMap<number, number>;
  /** Drops the waiting records of all other partitions, which this reader no longer owns. */
  keepOnly(partitions: ReadonlySet<number>): void;
}

/** Where a topic's records come from. */
export interface TopicSource {
  /** Reads until the signal aborts. Rejects with a Fault if it cannot continue. */
  follow(topic: string, follower: Follower, signal: AbortSignal): Promise<void>;
}

/** What a client reports besides records. */
export type ClientWarning = TopicTrouble & { readonly topic: string };

type TopicTrouble =
  /** The broker deleted messages from offset `from` on before they were read. `next` < `from`: the topic is a new one. */
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
      return `${topic}: offsets ${warning.from} to ${warning.next} of partition ${warning.partition} were deleted before they were read`;
    case 'malformed':
      return `${topic}: partition ${warning.partition} offset ${warning.offset} was passed over: ${warning.fault.message}`;
    case 'unreachable':
      return `${topic}: ${warning.fault.message}; trying again`;
  }
}
