import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FolderInUse } from './folder-fault.ts';

const LOCK = '.lock.db';
const HOLDER = '.lock.holder';
const SQLITE_BUSY = 5;
/** The databases of all locks of this process: garbage collection would close a database and end its lock. */
const locks = new Set<DatabaseSync>();

/**
 * Locks a folder for one writer, and returns the function that unlocks it. Creates the folder if needed. The lock ends
 * with the process, however the process ends. It also holds between containers that share the folder.
 *
 * It is SQLite's lock on an empty database, because Node.js has no function to lock a file. The file must stay: after a
 * removal, two processes could lock two files of this name.
 * @throws FolderInUse, or the error of the file system
 */
export function lockFolder(dir: string): () => void {
  mkdirSync(dir, { recursive: true });
  accessSync(dir, constants.W_OK);
  const database = new DatabaseSync(join(dir, LOCK));
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw isBusy(error) ? new FolderInUse(dir, holderOf(dir)) : error;
  }
  locks.add(database);
  nameHolder(dir);
  return () => {
    if (locks.delete(database)) database.close();
  };
}

/**
 * Who has locked a folder: the process and its host, for people. Undefined: the folder is not locked. It locks the folder
 * for a moment to find out.
 */
export function folderHolder(dir: string): string | undefined {
  const lock = join(dir, LOCK);
  if (!existsSync(lock)) return undefined;
  const database = new DatabaseSync(lock);
  try {
    database.exec('BEGIN EXCLUSIVE');
    return undefined;
  } catch (error) {
    if (isBusy(error)) return holderOf(dir);
    throw error;
  } finally {
    database.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function holderOf(dir: string): string {
  try {
    return readFileSync(join(dir, HOLDER), 'utf8');
  } catch {
    return 'another process';
  }
}

function nameHolder(dir: string): void {
  try {
    writeFileSync(join(dir, HOLDER), `process ${process.pid} on host ${hostname()}`);
  } catch {
    // The name is only for people: a full disk must not prevent the lock.
  }
}
