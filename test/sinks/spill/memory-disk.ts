import { DatabaseSync } from 'node:sqlite';
import type { SpillDisk } from '../../../src/sinks/spill/spill-disk.ts';

const NO_ROOM = 'ENOSPC: by the test';
let databases = 0;

/** A disk in memory that can be full. The next process finds what a killed process left on it. */
export class MemoryDisk implements SpillDisk {
  #path = '';
  /** Keeps the memory while no process has the disk open. */
  #keeper: DatabaseSync | undefined;
  #isFull = false;

  /** True: writes fail. */
  set full(isFull: boolean) {
    this.#isFull = isFull;
    for (const table of ['record', 'loss', 'mark'])
      this.#keeper?.exec(
        isFull
          ? `CREATE TRIGGER IF NOT EXISTS full_${table} BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, '${NO_ROOM}'); END`
          : `DROP TRIGGER IF EXISTS full_${table}`,
      );
  }

  /** The database, for tests that read it or damage it. */
  get database(): DatabaseSync {
    if (this.#keeper === undefined) throw new Error('nothing is there');
    return this.#keeper;
  }

  /** Does nothing: only one process has the memory. */
  lock(): void {}
  unlock(): void {}

  exists(): boolean {
    return this.#keeper !== undefined;
  }

  open(): DatabaseSync {
    if (this.#keeper === undefined) {
      if (this.#isFull) throw new Error(NO_ROOM);
      this.#path = `file:spill-${databases++}?mode=memory&cache=shared`;
      this.#keeper = new DatabaseSync(this.#path);
    }
    return new DatabaseSync(this.#path);
  }

  remove(): void {
    this.#keeper?.close();
    this.#keeper = undefined;
  }
}
