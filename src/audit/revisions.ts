import type { Placed } from './record-store.ts';

/** Finds the last revision of each window or minute of a series, and checks the order of the records in the topic. */
export class Revisions<R extends { readonly revision: number }> {
  readonly #differ: (record: R, text: string) => void;
  /** Place of the last first revision. */
  #position = -1;

  constructor(differ: (record: R, text: string) => void) {
    this.#differ = differ;
  }

  /**
   * Returns the last revision of one window or minute; undefined if there is none. Call it in the order of time.
   * @param mayBeginLate true: the first record may come after those of later ones
   */
  latest(records: readonly Placed<R>[], mayBeginLate: boolean): R | undefined {
    let before: Placed<R> | undefined;
    for (const placed of records) {
      const { record, position } = placed;
      const { revision } = record;
      if (revision === before?.record.revision) {
        // A record may come again after a broken connection or a kill. The last one counts.
        before = placed;
        continue;
      }
      const expected = before === undefined ? 0 : before.record.revision + 1;
      if (revision !== expected) this.#differ(record, `revision ${expected} is missing before revision ${revision}`);
      if (before === undefined ? !mayBeginLate && position < this.#position : position < before.position)
        this.#differ(record, `revision ${revision} is not in its place in the topic`);
      if (before === undefined && !mayBeginLate) this.#position = Math.max(this.#position, position);
      before = placed;
    }
    return before?.record;
  }
}
