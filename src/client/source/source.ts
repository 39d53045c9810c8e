import type { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';

/** Where a message of a topic lies. */
export interface MessagePlace {
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970: when the broker took it. */
  readonly appendedAt: number;
}

/** A message of a topic as it came, in the order of its partition. */
export interface Arrival extends MessagePlace {
  /** The record; a Fault (malformed) where it is none of ours, undefined where there is nothing in it. Rejects where its schema cannot be had. */
  decode(): FeedRecord | Fault | undefined | Promise<FeedRecord | Fault | undefined>;
}

/** Who takes what a source reads; each call before the next. */
export interface Follower {
  /** Reading begins here, by partition. */
  started(offsets: ReadonlyMap<number, number>): void;
  /** Hands them out; waits where somebody wants it to. Ends early when the signal aborts. */
  take(arrivals: readonly Arrival[], signal: AbortSignal): Promise<void>;
  /** So many messages follow in the partition behind those read. */
  answered(partition: number, behind: number): void;
  /** Messages were deleted before they were read. */
  lost(partition: number, from: number, next: number): void;
  /** Reading failed; the source goes on trying. */
  troubled(fault: Fault): void;
  /** Of each partition read: the next offset to be handed out. */
  positions(): ReadonlyMap<number, number>;
  /** Of each partition read: the offset up to which everybody is done with everything. */
  done(): ReadonlyMap<number, number>;
  /** Other partitions are no longer this reader's: what waits of them is taken back. */
  keepOnly(partitions: ReadonlySet<number>): void;
}

/** Where the records of a topic come from. */
export interface TopicSource {
  /** Reads until the signal aborts. Rejects with a Fault where it cannot go on. */
  follow(topic: string, follower: Follower, signal: AbortSignal): Promise<void>;
}

/** What a client tells of besides records. */
export type ClientWarning = TopicTrouble & { readonly topic: string };

type TopicTrouble =
  /** Messages from offset `from` on were deleted by age before they were read. Below `from`: the topic was made anew. */
  | { readonly kind: 'lost'; readonly partition: number; readonly from: number; readonly next: number }
  /** A message that is no record of ours was passed over. */
  | { readonly kind: 'malformed'; readonly partition: number; readonly offset: number; readonly fault: Fault }
  /** Brokers or schema registry fail; it is tried again until they answer. */
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
