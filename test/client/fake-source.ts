import type { EncodedMessage, TopicHandler, TopicSource } from '../../src/client/source/source.ts';
import type { Fault } from '../../src/domain/fault.ts';
import type { FeedRecord } from '../../src/domain/record.ts';

/** A source that the test controls. */
export class FakeSource implements TopicSource {
  /** How often reading was started. */
  begun = 0;
  left = 0;
  /** The fault with which the next start of reading fails. */
  refuses: Fault | undefined;
  #handler: TopicHandler | undefined;
  #signal: AbortSignal | undefined;

  async follow(_topic: string, handler: TopicHandler, signal: AbortSignal): Promise<void> {
    this.begun++;
    if (this.refuses !== undefined) throw this.refuses;
    this.#handler = handler;
    this.#signal = signal;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    this.left++;
  }

  get handler(): TopicHandler {
    if (this.#handler === undefined) throw new Error('the source has no handler');
    return this.#handler;
  }

  take(...messages: readonly EncodedMessage[]): Promise<void> {
    return this.handler.take(messages, this.#signal as AbortSignal);
  }
}

export function encoded(
  offset: number,
  record: FeedRecord | Fault | undefined,
  { partition = 0, appendedAt = 0 }: Partial<Pick<EncodedMessage, 'partition' | 'appendedAt'>> = {},
): EncodedMessage {
  return { partition, offset, appendedAt, decode: () => record };
}
