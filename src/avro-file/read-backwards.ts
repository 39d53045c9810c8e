import { type FileHandle, open } from 'node:fs/promises';
import { Fault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import { BLOCK_HEAD_BYTES, type FileHeader, readBlockHead, SYNC_BYTES } from './container.ts';
import { type FileBlock, headerOf, readAt } from './file-blocks.ts';
import { listFiles } from './file-name.ts';
import { blockReader, damaged, openEither } from './read-files.ts';

const CHUNK_BYTES = 2 ** 20;

export interface ReadBackwardsOptions {
  /** Passes over what cannot be read of an open file: somebody may be writing it, or a crash left it so. */
  readonly passOverTorn?: boolean;
}

/**
 * The records of a topic's folder block by block, the last block first, each in its order, until `take` says that this
 * is enough. False if something unreadable came before that. Call it while nothing is written, or pass over what is torn.
 */
export async function readBackwards(
  folder: string,
  take: (records: readonly FeedRecord[]) => boolean,
  { passOverTorn = false }: ReadBackwardsOptions = {},
): Promise<boolean> {
  for (const file of (await listFiles(folder)).toReversed()) {
    const mayBeTorn = passOverTorn && file.open;
    const takeFile = async (path: string): Promise<boolean> => {
      for await (const records of readFileBackwards(path, mayBeTorn)) if (take(records)) return true;
      return false;
    };
    try {
      if (await openEither(folder, file, takeFile)) break;
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'malformed') throw error;
      if (!mayBeTorn) return false;
    }
  }
  return true;
}

/** The records of one file, the last block first, each in its order. Throws a Fault (malformed) at what is damaged. */
export async function* readFileBackwards(path: string, mayBeTorn = false): AsyncGenerator<FeedRecord[]> {
  let read: ReturnType<typeof blockReader> | undefined;
  for await (const { header, ...block } of blocksBackwards(path, mayBeTorn)) {
    read ??= blockReader(header, path);
    yield await read(block);
  }
}

/**
 * The blocks of a container file from its end, found by the marks between them, a mebibyte at a time. What is behind the
 * last mark is left out if the end may be torn. Throws a Fault (malformed) at what is no whole block.
 */
export async function* blocksBackwards(
  path: string,
  mayBeTorn: boolean,
): AsyncGenerator<FileBlock & { readonly header: FileHeader }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const header = await headerOf(file, size);
    if (header === undefined) throw damaged(path, 'no header');
    const firstMark = header.end - SYNC_BYTES;
    let end = mayBeTorn ? await lastMarkEnd(file, size, header) : size;
    /** What lies from `from` to `end`, the end of the block that is looked for. */
    let bytes: Buffer = Buffer.alloc(0);
    let from = end;
    while (end > header.end) {
      const mark = bytes.length < 2 * SYNC_BYTES ? -1 : bytes.lastIndexOf(header.sync, bytes.length - 2 * SYNC_BYTES);
      if (mark < 0) {
        if (from === firstMark) throw damaged(path, `no whole block ends at ${end}`);
        const before = Math.max(firstMark, from - Math.max(CHUNK_BYTES, bytes.length));
        bytes = Buffer.concat([await readAt(file, before, from - before), bytes]);
        from = before;
        continue;
      }
      const block = blockIn(bytes.subarray(mark + SYNC_BYTES), header);
      if (block === undefined) throw damaged(path, `no whole block ends at ${end}`);
      yield { ...block, header };
      bytes = bytes.subarray(0, mark + SYNC_BYTES);
      end = from + bytes.length;
    }
  } finally {
    await file.close();
  }
}

async function lastMarkEnd(file: FileHandle, size: number, header: FileHeader): Promise<number> {
  for (let from = size; from > header.end; ) {
    // A mark may lie across two chunks.
    const end = Math.min(size, from + SYNC_BYTES - 1);
    from = Math.max(header.end, from - CHUNK_BYTES);
    const mark = (await readAt(file, from, end - from)).lastIndexOf(header.sync);
    if (mark >= 0) return from + mark + SYNC_BYTES;
  }
  return header.end;
}

/** The block that the bytes are; undefined: none, or not a whole one. */
function blockIn(bytes: Buffer, { sync }: FileHeader): FileBlock | undefined {
  const head = readBlockHead(bytes.subarray(0, BLOCK_HEAD_BYTES));
  const isWhole = head?.length === bytes.length && bytes.subarray(-SYNC_BYTES).equals(sync);
  if (head === undefined || !isWhole) return undefined;
  return { count: head.count, data: bytes.subarray(head.dataStart, head.dataStart + head.dataBytes) };
}
