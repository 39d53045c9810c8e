import { rename, rm, truncate } from 'node:fs/promises';
import { FileBlocks } from '../../avro-file/file-blocks.ts';
import { PART } from '../../avro-file/file-name.ts';

export interface Repair {
  /** The file, closed whole; undefined where nothing whole was in it and it was removed. */
  readonly path: string | undefined;
  /** Bytes behind the last whole block that were cut off. */
  readonly cutBytes: number;
}

/** Closes a file that a crash left open (`path`, without `.part`): cuts it behind its last whole block and renames it. */
export async function repairFile(path: string): Promise<Repair> {
  const part = path + PART;
  const { end, size } = await measure(part);
  if (end === 0) {
    await rm(part);
    return { path: undefined, cutBytes: size };
  }
  if (end < size) await truncate(part, end);
  await rename(part, path);
  return { path, cutBytes: size - end };
}

/** Where the last whole block ends; 0 where there is none. */
async function measure(part: string): Promise<{ end: number; size: number }> {
  const blocks = await FileBlocks.open(part);
  try {
    let found = false;
    while ((await blocks.next()) !== undefined) found = true;
    return { end: found ? blocks.offset : 0, size: await blocks.size() };
  } finally {
    await blocks.close();
  }
}
