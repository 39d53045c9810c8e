import { Fault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import { type BackwardBlocks, withBlocksBackwards } from './blocks-backwards.ts';
import { listFiles } from './file-name.ts';
import { blockReader, damaged, openEither } from './read-files.ts';

export interface ReadBackwardsOptions {
  /** Passes over what cannot be read of an open file: somebody may be writing it, or a crash left it so. */
  readonly passOverTorn?: boolean;
}

/**
 * The records of a topic's folder block by block, the last block first, each in its order, until `take` says that this
 * is enough. False where something unreadable came before that. Call it where nothing is written, or pass over what is
 * torn.
 */
export async function readBackwards(
  folder: string,
  take: (records: readonly FeedRecord[]) => boolean,
  { passOverTorn = false }: ReadBackwardsOptions = {},
): Promise<boolean> {
  for (const file of (await listFiles(folder)).toReversed()) {
    const mayBeTorn = passOverTorn && file.open;
    try {
      if (await openEither(folder, file, (path) => takeFile(path, mayBeTorn, take))) break;
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'malformed') throw error;
      if (!mayBeTorn) return false;
    }
  }
  return true;
}

function takeFile(
  path: string,
  mayBeTorn: boolean,
  take: (records: readonly FeedRecord[]) => boolean,
): Promise<boolean> {
  const work = async (file: BackwardBlocks | undefined): Promise<boolean> => {
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
  };
  return withBlocksBackwards(path, work, mayBeTorn);
}
