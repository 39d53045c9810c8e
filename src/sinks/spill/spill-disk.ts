import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../domain/fault.ts';

/** Where the database of a spill lies; tests have one in memory. */
export interface SpillDisk {
  /** A previous process left a database, or this one made it. @throws Fault if a previous version left its files */
  exists(): boolean;
  /** Makes what is not there. */
  open(): DatabaseSync;
  /** Removes a database that is closed. */
  remove(): void;
}

const NAME = 'spill.db';

export function folderDisk(dir: string): SpillDisk {
  const path = join(dir, NAME);
  return {
    exists() {
      const previous = existsSync(dir) ? readdirSync(dir).find((name) => name.endsWith('.spill')) : undefined;
      if (previous === undefined) return existsSync(path);
      const message = `spill: ${previous} was written by another version: drain it with that one, or move it away`;
      throw new Fault('sink', message, { retry: { kind: 'never' } });
    },
    open() {
      mkdirSync(dir, { recursive: true });
      const database = new DatabaseSync(path);
      // One process has the folder. What is committed outlives a kill at once, and a loss of power from the next
      // checkpoint on.
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
      return database;
    },
    remove() {
      for (const ending of ['', '-wal', '-shm']) rmSync(path + ending, { force: true });
    },
  };
}
