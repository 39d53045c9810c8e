import { type FileHandle, open } from 'node:fs/promises';
import { Fault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import { BLOCK_HEAD_BYTES, type FileHeader, readBlockHead, SYNC_BYTES } from './container.ts';
import { type FileBlock, headerOf, readAt } from './file-blocks.ts';
import { listFiles } from './file-name.ts';
import { blockReader, damaged, openEither } from './read-files.ts';

const CHUNK_BYTES = 2 ** 20;

export interface ReadBackwardsOptions {
  /** Skips unreadable parts of an open file: a feed may be writing it, or a crash left it torn. */
  readonly passOverTorn?: boolean;
}

/**
 * Passes the records of a topic's folder to `take` block by block, the last block first, until it returns 'stop'.
 * Returns false if it reaches unreadable data. Without `passOverTorn`, nothing may write to the folder until it
 * returns.
 */
export async function readBackwards(
  folder: string,
  take: (records: readonly FeedRecord[]) => 'continue' | 'stop',
  { passOverTorn = false }: ReadBackwardsOptions = {},
): Promise<boolean> {
  for (const file of (await listFiles(folder)).toReversed()) {
    const mayBeTorn = passOverTorn && file.open;
    const takeFile = async (path: string): Promise<boolean> => {
      for await (const records of readFileBackwards(path, mayBeTorn)) if (take(records) === 'stop') return true;
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

/**
 * Yields the records of one file block by block, the last block first. @throws Fault of kind `malformed` if it is
 * damaged
 */
export async function* readFileBackwards(path: string, mayBeTorn = false): AsyncGenerator<FeedRecord[]> {
  let read: ReturnType<typeof blockReader> | undefined;
  for await (const { header, ...block } of blocksBackwards(path, mayBeTorn)) {
    read ??= blockReader(header, path);
    yield await read(block);
  }
}

/**
 * Yields the blocks of a container file backwards. It finds them by the sync markers between them. `mayBeTorn` skips
 * the bytes after the last marker. @throws Fault of kind `malformed` at an incomplete block
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
    const firstMarkerAt = header.end - SYNC_BYTES;
    let end = mayBeTorn ? await lastMarkerEnd(file, size, header) : size;
    /** The bytes from `from` to `end`, where the wanted block ends. */
    let bytes: Buffer = Buffer.alloc(0);
    let from = end;
    while (end > header.end) {
      const marker = bytes.length < 2 * SYNC_BYTES ? -1 : bytes.lastIndexOf(header.sync, bytes.length - 2 * SYNC_BYTES);
      if (marker < 0) {
        if (from === firstMarkerAt) throw damaged(path, `no whole block ends at ${end}`);
        const before = Math.max(firstMarkerAt, from - Math.max(CHUNK_BYTES, bytes.length));
        bytes = Buffer.concat([await readAt(file, before, from - before), bytes]);
        from = before;
        continue;
      }
      const block = blockIn(bytes.subarray(marker + SYNC_BYTES), header);
      if (block === undefined) throw damaged(path, `no whole block ends at ${end}`);
      yield { ...block, header };
      bytes = bytes.subarray(0, marker + SYNC_BYTES);
      end = from + bytes.length;
    }
  } finally {
    await file.close();
  }
}

async function lastMarkerEnd(file: FileHandle, size: number, header: FileHeader): Promise<number> {
  for (let from = size; from > header.end; ) {
    // A marker may cross a chunk border.
    const end = Math.min(size, from + SYNC_BYTES - 1);
    from = Math.max(header.end, from - CHUNK_BYTES);
    const marker = (await readAt(file, from, end - from)).lastIndexOf(header.sync);
    if (marker >= 0) return from + marker + SYNC_BYTES;
  }
  return header.end;
}

/** Reads the bytes as one block; undefined if they are not exactly one block. */
function blockIn(bytes: Buffer, { sync }: FileHeader): FileBlock | undefined {
  const head = readBlockHead(bytes.subarray(0, BLOCK_HEAD_BYTES));
  const isWhole = head?.length === bytes.length && bytes.subarray(-SYNC_BYTES).equals(sync);
  if (head === undefined || !isWhole) return undefined;
  return { count: head.count, data: bytes.subarray(head.dataStart, head.dataStart + head.dataBytes) };
}
