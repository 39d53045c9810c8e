import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../domain/fault.ts';
import { folderFault } from '../folder-fault.ts';
import { lockFolder } from '../lock-folder.ts';

/** Where a spill's database is stored; tests have one in memory. */
export interface SpillDisk {
  /** Locks the place for this process. @throws FolderInUse, or another Fault if the place is unusable */
  lock(): void;
  unlock(): void;
  /** @throws Fault with retry `never` if files of a previous version are there */
  exists(): boolean;
  /** Creates the database if it does not exist. */
  open(): DatabaseSync;
  /** Removes a closed database. */
  remove(): void;
}

const NAME = 'spill.db';

export function folderDisk(dir: string): SpillDisk {
  const path = join(dir, NAME);
  let unlock: (() => void) | undefined;
  return {
    lock() {
      try {
        unlock ??= lockFolder(dir);
      } catch (error) {
        throw folderFault(error, 'spill');
      }
    },
    unlock() {
      unlock?.();
      unlock = undefined;
    },
    exists() {
      const previous = existsSync(dir) ? readdirSync(dir).find((name) => name.endsWith('.spill')) : undefined;
      if (previous === undefined) return existsSync(path);
      const message = `spill: ${previous} was written by another version: deliver it with that version, or move it away`;
      throw new Fault('sink', message, { retry: { kind: 'never' } });
    },
    open() {
      mkdirSync(dir, { recursive: true });
      const database = new DatabaseSync(path);
      // The folder is locked for this process. A commit survives a kill at once, a power loss after the next WAL
      // checkpoint.
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
      return database;
    },
    remove() {
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    },
  };
}
