import { DatabaseSync } from 'node:sqlite';
import type { SpillDisk } from '../../../src/sinks/spill/spill-database.ts';

const NO_ROOM = 'ENOSPC: by the test';
let databases = 0;

/** A disk in memory that can be full. What a killed process leaves on it the next one finds. */
export class MemoryDisk implements SpillDisk {
  #path = '';
  /** Keeps what is in memory while no process has it open. */
  #keeper: DatabaseSync | undefined;
  #isFull = false;

  /** Nothing is taken any more. */
  set full(isFull: boolean) {
    this.#isFull = isFull;
    for (const table of ['record', 'loss', 'mark'])
      this.#keeper?.exec(
        isFull
          ? `CREATE TRIGGER IF NOT EXISTS full_${table} BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, '${NO_ROOM}'); END`
          : `DROP TRIGGER IF EXISTS full_${table}`,
      );
  }

  /** To look at what is there, or to break it. */
  get database(): DatabaseSync {
    if (this.#keeper === undefined) throw new Error('nothing is there');
    return this.#keeper;
  }

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
