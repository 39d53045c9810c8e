import type { BookDelta } from '../domain/record.ts';
import { compareIds } from '../domain/trade-id.ts';
import { nameOfSeries } from '../healing/open-gaps.ts';

/** Checks that each change of a book continues the record before it. A snapshot begins a new chain. */
export class BookChainCheck {
  readonly #differ: (delta: BookDelta, text: string) => void;
  /** The last update id of each series. */
  readonly #last = new Map<string, string>();

  constructor(differ: (delta: BookDelta, text: string) => void) {
    this.#differ = differ;
  }

  add(delta: BookDelta): void {
    const key = nameOfSeries(delta);
    const last = this.#last.get(key);
    const { previousUpdateId, firstUpdateId, lastUpdateId, snapshot } = delta;
    if (compareIds(firstUpdateId, lastUpdateId) > 0)
      this.#differ(delta, `first_update_id ${firstUpdateId} is larger than last_update_id ${lastUpdateId}`);
    // A record may come again after a broken connection.
    const isRepeat = !snapshot && last !== undefined && compareIds(lastUpdateId, last) <= 0;
    if (isRepeat) return;
    if (!snapshot && last !== undefined && previousUpdateId !== last)
      this.#differ(delta, `update ${lastUpdateId} continues ${previousUpdateId}, but the update before is ${last}`);
    this.#last.set(key, lastUpdateId);
  }
}
