import { type LossLedger, lossesOf } from '../queue/loss-ledger.ts';
import type { OutQueue } from '../queue/out-queue.ts';

/** What waits in memory is bounded: where there is no room, records of the lowest drop priority go (docs/decisions/0003). */
export class QueueOverflow {
  readonly #queue: OutQueue;
  readonly #ledger: LossLedger;
  readonly #onDropped: ((byTopic: ReadonlyMap<string, number>) => void) | undefined;
  readonly #dropped = new Map<string, number>();

  constructor(
    queue: OutQueue,
    ledger: LossLedger,
    onDropped: ((byTopic: ReadonlyMap<string, number>) => void) | undefined,
  ) {
    this.#queue = queue;
    this.#ledger = ledger;
    this.#onDropped = onDropped;
  }

  /** Records dropped, by topic. */
  get dropped(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#dropped);
  }

  /** Drops records until one more fits. `stretch` is the same as long as nothing leaves the queue in another way. */
  makeRoom(stretch: string): void {
    while (this.#queue.isFull) {
      const evicted = this.#queue.evict();
      this.#ledger.lost(lossesOf(evicted), stretch);
      const byTopic = new Map<string, number>();
      for (const { out } of evicted) byTopic.set(out.topic, (byTopic.get(out.topic) ?? 0) + 1);
      this.drop(byTopic);
    }
  }

  /** Counts and reports dropped records. */
  drop(byTopic: ReadonlyMap<string, number>): void {
    for (const [topic, count] of byTopic) this.#dropped.set(topic, (this.#dropped.get(topic) ?? 0) + count);
    this.#onDropped?.(byTopic);
  }
}
