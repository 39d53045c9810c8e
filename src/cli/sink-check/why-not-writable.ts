import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** More than a file system may store inside a directory entry, so that a full disk shows. */
const PROBE_BYTES = 4096;

/**
 * Tries to write a file into a folder, or into the nearest one above it that exists, and removes the file. Returns why
 * it failed; undefined: it succeeded.
 */
export async function whyNotWritable(dir: string): Promise<string | undefined> {
  try {
    const file = join(nearestExisting(dir), `.check-${randomUUID()}`);
    try {
      await writeFile(file, new Uint8Array(PROBE_BYTES));
    } finally {
      await rm(file, { force: true });
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function nearestExisting(dir: string): string {
  return existsSync(dir) || dirname(dir) === dir ? dir : nearestExisting(dirname(dir));
}
