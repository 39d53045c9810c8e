import type { ProducerNumbers } from '../../kafka/coordination.ts';
import type { Fence } from './fence.ts';
import type { Part } from './parts.ts';

/**
 * A client library's idempotent producer under numbers that it was given. Its promises reject with the library's own
 * errors, Kafka's name of one in `type`.
 */
export interface Writer {
  /** Also again, where its connections were cut: the same numbers and sequences go on. */
  connect(): Promise<void>;
  /**
   * One attempt to have the parts stored by the broker that leads them all, by all in-sync replicas; no other one is asked.
   * Returns the parts of which no answer says anything. Sequences go on with what was answered; not with a rejection,
   * after which the same parts come again before anything else for their partitions. Rejects with Moved, nothing sent,
   * where that broker is not the one (any more).
   */
  send(parts: readonly Part[], leader: number): Promise<readonly Part[]>;
  /** Not for long, and never rejects. */
  disconnect(): Promise<void>;
}

/** All that a producer has of the brokers. */
export interface Reach {
  readonly fence: Fence;
  writer(numbers: ProducerNumbers): Writer;
  /** Cuts every connection at once; requests under way fail. */
  cut(): void;
  /** Cuts every connection and opens none any more. */
  end(): void;
}

/** A partition has another leader by now. */
export class Moved extends Error {
  constructor() {
    super('moved to another broker');
  }
}
