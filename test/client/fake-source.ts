import type { Arrival, Follower, TopicSource } from '../../src/client/source/source.ts';
import type { Fault } from '../../src/domain/fault.ts';
import type { FeedRecord } from '../../src/domain/record.ts';

/** A source that the test feeds by hand. */
export class FakeSource implements TopicSource {
  /** How often reading was begun, and left. */
  begun = 0;
  left = 0;
  /** What the next reading fails with. */
  refuses: Fault | undefined;
  #follower: Follower | undefined;
  #signal: AbortSignal | undefined;

  async follow(_topic: string, follower: Follower, signal: AbortSignal): Promise<void> {
    this.begun++;
    if (this.refuses !== undefined) throw this.refuses;
    this.#follower = follower;
    this.#signal = signal;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    this.left++;
  }

  get follower(): Follower {
    if (this.#follower === undefined) throw new Error('nobody reads');
    return this.#follower;
  }

  take(...arrivals: readonly Arrival[]): Promise<void> {
    return this.follower.take(arrivals, this.#signal as AbortSignal);
  }
}

export function arrival(
  offset: number,
  record: FeedRecord | Fault | undefined,
  { partition = 0, appendedAt = 0 }: Partial<Pick<Arrival, 'partition' | 'appendedAt'>> = {},
): Arrival {
  return { partition, offset, appendedAt, decode: () => record };
}
