import { readFile, rm, writeFile } from 'node:fs/promises';

/** Takes the lock file for this process alone and returns what gives it back. Throws `refusal` where a living process has it. */
export async function takeLock(
  lock: string,
  pid: number,
  refusal: (holder: number) => Error,
): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(lock, String(pid), { flag: 'wx' });
      return () => rm(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (holder !== pid && isRunning(holder)) throw refusal(holder);
    await rm(lock, { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
