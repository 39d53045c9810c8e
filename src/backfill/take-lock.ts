import { randomUUID } from 'node:crypto';
import { constants, copyFile, link, readFile, rm, writeFile } from 'node:fs/promises';
import { errorCode } from '../domain/fault.ts';

/** Takes the lock file and returns the function that frees it. @throws `refusal` if a running process has it. */
export async function takeLock(
  lock: string,
  pid: number,
  refusal: (holder: number) => Error,
): Promise<() => Promise<void>> {
  const mine = `${lock}.${randomUUID()}`;
  await writeFile(mine, String(pid));
  try {
    while (!(await putInPlace(mine, lock))) {
      const text = await textOf(lock);
      if (text === undefined) continue;
      const holder = Number(text);
      if (holder !== pid && isRunning(holder)) throw refusal(holder);
      await removeStale(lock, text, pid, refusal);
    }
  } finally {
    await rm(mine, { force: true });
  }
  return () => rm(lock, { force: true });
}

/** Links the written file to the lock's name, unless that name exists. So a lock always names its holder. */
async function putInPlace(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name).catch((error: unknown) => {
      if (errorCode(error) === 'EEXIST') throw error;
      // The file system may have no hard links.
      return copyFile(file, name, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock of a dead process, unless another process has replaced it meanwhile. */
async function removeStale(lock: string, text: string, pid: number, refusal: (holder: number) => Error): Promise<void> {
  const unlock = await takeLock(`${lock}.left`, pid, refusal);
  try {
    if ((await textOf(lock)) === text) await rm(lock, { force: true });
  } finally {
    await unlock();
  }
}

/** Reads a file; undefined if it is gone. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
