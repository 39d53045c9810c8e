import { type LossLedger, lossesOf } from '../queue/loss-ledger.ts';
import type { OutQueue } from '../queue/out-queue.ts';
import type { Spill } from '../spill/spill.ts';

/**
 * The bounds of what waits in memory: sources that can wait are slowed down, then records go to the spill, then those
 * with the lowest drop priority are dropped (docs/decisions/0003).
 */
export class QueueOverflow {
  readonly #queue: OutQueue;
  readonly #ledger: LossLedger;
  readonly #spill: Spill | undefined;
  readonly #maxRecords: number;
  readonly #onDropped: ((byTopic: ReadonlyMap<string, number>) => void) | undefined;
  readonly #dropped = new Map<string, number>();
  #room: PromiseWithResolvers<void> | undefined;

  constructor(
    parts: { readonly queue: OutQueue; readonly ledger: LossLedger; readonly spill: Spill | undefined },
    maxRecords: number,
    onDropped: ((byTopic: ReadonlyMap<string, number>) => void) | undefined,
  ) {
    this.#queue = parts.queue;
    this.#ledger = parts.ledger;
    this.#spill = parts.spill;
    this.#maxRecords = maxRecords;
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

  /** Undefined while there is room; else resolves when half of it is free. */
  room(): Promise<void> | undefined {
    // A source that can wait must not fill a disk.
    const isFull = this.#spill === undefined ? this.#queue.isFull : this.#spill.isOn || this.#queue.isHalfFull;
    if (this.#room === undefined && !isFull) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Records have left the queue: resolves `room` when enough of it is free. */
  freed(): void {
    if (this.#room === undefined || this.#spill?.isOn === true || this.#queue.isFull) return;
    const share = this.#spill === undefined ? 2 : 4;
    if (this.#queue.length <= this.#maxRecords / share) this.release();
  }

  /** Nobody waits for room any longer. */
  release(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
