import { join } from 'node:path';
import { Fault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import { withBlocksBackwards } from './blocks-backwards.ts';
import { listFiles, PART } from './file-name.ts';
import { blockReader, damaged } from './read-files.ts';

/**
 * The records of a topic's folder block by block, the last block first, each in its order, until `take` says that this
 * is enough. False where something unreadable came before that. Call it where nothing is written.
 */
export async function readBackwards(
  folder: string,
  take: (records: readonly FeedRecord[]) => boolean,
): Promise<boolean> {
  for (const { name, open } of (await listFiles(folder)).toReversed()) {
    try {
      if (await takeFile(join(folder, open ? name + PART : name), take)) break;
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'malformed') throw error;
      return false;
    }
  }
  return true;
}

function takeFile(path: string, take: (records: readonly FeedRecord[]) => boolean): Promise<boolean> {
  return withBlocksBackwards(path, async (file) => {
    if (file === undefined) throw damaged(path, 'no header');
    const read = blockReader(file.header, path);
    const blocks = file.blocks[Symbol.asyncIterator]();
    for (;;) {
      const next = await blocks.next().catch((error: Error) => {
        throw 'code' in error ? error : damaged(path, error.message);
      });
      if (next.done === true) return false;
      if (take(await read(next.value))) return true;
    }
  });
}
