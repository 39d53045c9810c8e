import { rename, rm, truncate } from 'node:fs/promises';
import { FileBlocks } from '../../avro-file/file-blocks.ts';
import { PART } from '../../avro-file/file-name.ts';

export interface Repair {
  /** The closed file; undefined: it had no whole block and was removed. */
  readonly path: string | undefined;
  /** Bytes that were cut off after the last whole block. */
  readonly cutBytes: number;
}

/** Closes a file that a crash left open: cuts it after its last whole block and removes `.part` from its name. */
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

/** Finds where the last whole block ends; 0 if there is none. */
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
