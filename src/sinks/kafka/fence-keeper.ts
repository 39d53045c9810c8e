import type { ProducerNumbers } from '../../kafka/contract.ts';
import { kafkaFault } from '../../kafka/kafka-error.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type { Fence } from './fence.ts';

/** A coordinator forgets a transactional id that was not used for a week (transactional.id.expiration.ms). */
const AGAIN_MS = 86_400_000;
const RETRY_MS = 1000;

/** A writer's present numbers, and which topics are fenced with them. Rejections are the fence's. */
export class FenceKeeper {
  readonly #fence: Fence;
  readonly #now: () => number;
  #numbers: ProducerNumbers | undefined;
  /** By topic: how many of its partitions are fenced with the present numbers. */
  #fenced = new Map<string, number>();
  #againAt = 0;

  /** `now` in milliseconds. */
  constructor(fence: Fence, now: () => number) {
    this.#fence = fence;
    this.#now = now;
  }

  /**
   * The next numbers, the topics fenced with them. Not where a later writer took the previous ones over: that one would be
   * shut out in turn.
   */
  async renew(layouts: ReadonlyMap<string, TopicLayout>): Promise<ProducerNumbers> {
    if (this.#numbers !== undefined) await this.#fence.confirm(this.#numbers);
    const numbers = await this.#fence.take();
    this.#numbers = numbers;
    this.#fenced = new Map();
    this.#againAt = this.#now() + AGAIN_MS;
    await this.#close(numbers, layouts);
    return numbers;
  }

  /** Fences topics that are new here, and all again each day. */
  async keep(layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    const numbers = this.#numbers;
    if (numbers === undefined) return;
    await this.#close(numbers, layouts);
    const now = this.#now();
    if (now < this.#againAt) return;
    this.#againAt = now + AGAIN_MS;
    try {
      await this.#fence.close(numbers, [...layouts.values()]);
    } catch (error) {
      // Records do not wait for a coordinator that is away.
      if (kafkaFault(error).retry.kind === 'never') throw error;
      this.#againAt = now + RETRY_MS;
    }
  }

  async #close(numbers: ProducerNumbers, layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    const open = [...layouts.values()].filter(
      ({ topic, partitionCount }) => partitionCount > (this.#fenced.get(topic) ?? 0),
    );
    if (open.length === 0) return;
    await this.#fence.close(numbers, open);
    for (const { topic, partitionCount } of open) this.#fenced.set(topic, partitionCount);
  }
}
