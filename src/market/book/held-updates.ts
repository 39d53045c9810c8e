import type { BookUpdate } from '../../domain/market-event.ts';
import { compareIds } from '../../domain/trade-id.ts';

/**
 * Maximum number of held updates: thirty seconds at ten updates a second. No line lags longer, and no whole book takes
 * longer.
 */
const MAX_HELD = 300;

/** Holds the updates that a book cannot apply yet, each once, sorted by first id. */
export class HeldUpdates {
  readonly #updates: BookUpdate[] = [];

  get first(): BookUpdate | undefined {
    return this.#updates[0];
  }

  get tooMany(): boolean {
    return this.#updates.length > MAX_HELD;
  }

  /** Adds an update; returns false if another line has delivered it already. */
  add(update: BookUpdate): boolean {
    const { firstUpdateId, lastUpdateId } = update;
    const updates = this.#updates;
    const at = 1 + updates.findLastIndex((held) => compareIds(held.firstUpdateId, firstUpdateId) <= 0);
    const before = updates[at - 1];
    if (before?.firstUpdateId === firstUpdateId && before.lastUpdateId === lastUpdateId) return false;
    updates.splice(at, 0, update);
    return true;
  }

  dropFirst(): void {
    this.#updates.shift();
  }

  /** Removes and returns the first update if it leaves no gap after a book at `id`. */
  removeNext(id: string): BookUpdate | undefined {
    const { first } = this;
    return first === undefined || leavesGap(id, first) ? undefined : this.#updates.shift();
  }

  /** Returns true if updates are missing between a whole book at `id` and the next held update. */
  isMissedBy(id: string): boolean {
    const next = this.#updates.find(({ lastUpdateId }) => compareIds(lastUpdateId, id) > 0);
    return next !== undefined && leavesGap(id, next);
  }

  clear(): void {
    this.#updates.length = 0;
  }
}

/** Returns true if updates are missing between a book at `id` and this update. */
export function leavesGap(id: string, { firstUpdateId }: BookUpdate): boolean {
  const exact = id.length < 16 && firstUpdateId.length < 16;
  return exact ? Number(firstUpdateId) > Number(id) + 1 : BigInt(firstUpdateId) > BigInt(id) + 1n;
}
