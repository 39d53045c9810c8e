import type { BookUpdate } from '../../domain/market-event.ts';
import { compareIds } from '../../domain/trade-id.ts';

/** Thirty seconds of a venue that sends ten a second: more than any line lags, or a whole book takes to come. */
const MOST_HELD = 300;

/** Updates that a book cannot take yet, each once, by their first id, whichever line they came from. */
export class HeldUpdates {
  readonly #updates: BookUpdate[] = [];

  get first(): BookUpdate | undefined {
    return this.#updates[0];
  }

  get tooMany(): boolean {
    return this.#updates.length > MOST_HELD;
  }

  /** False if another line brought the same. */
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

  /** Takes out the next that a book at `id` can take, or knows already; undefined where there is none, or a gap before it. */
  take(id: string): BookUpdate | undefined {
    const { first } = this;
    return first === undefined || leavesGap(id, first) ? undefined : this.#updates.shift();
  }

  /** True where a whole book at `id` has no part in them: it is older than the first that it does not know. */
  outreach(id: string): boolean {
    const next = this.#updates.find(({ lastUpdateId }) => compareIds(lastUpdateId, id) > 0);
    return next !== undefined && leavesGap(id, next);
  }

  clear(): void {
    this.#updates.length = 0;
  }
}

/** True where updates are missing between a book at `id` and this one. */
export function leavesGap(id: string, { firstUpdateId }: BookUpdate): boolean {
  const exact = id.length < 16 && firstUpdateId.length < 16;
  return exact ? Number(firstUpdateId) > Number(id) + 1 : BigInt(firstUpdateId) > BigInt(id) + 1n;
}
