import { type FileHandle, open } from 'node:fs/promises';
import { BLOCK_HEAD_BYTES, type FileHeader, readBlockHead, SYNC_BYTES } from './container.ts';
import { type FileBlock, headerOf, readAt } from './file-blocks.ts';

const CHUNK_BYTES = 2 ** 20;

export interface BackwardBlocks {
  readonly header: FileHeader;
  /** The last block first. */
  readonly blocks: AsyncIterable<FileBlock>;
}

/**
 * The blocks of a container file from its end, found by the marks between them, a mebibyte at a time. The header is
 * undefined where there is no whole one. Throws an Error at what is no whole block; what is behind the last mark is left
 * out where the end may be torn.
 */
export async function withBlocksBackwards<T>(
  path: string,
  work: (file: BackwardBlocks | undefined) => Promise<T>,
  mayBeTorn = false,
): Promise<T> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const header = await headerOf(file, size);
    if (header === undefined) return await work(undefined);
    const end = mayBeTorn ? await lastMarkEnd(file, size, header) : size;
    return await work({ header, blocks: blocksOf(file, end, header) });
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

async function* blocksOf(file: FileHandle, size: number, header: FileHeader): AsyncGenerator<FileBlock> {
  const firstMark = header.end - SYNC_BYTES;
  /** What lies from `from` to `end`, where the block that is looked for ends. */
  let bytes: Buffer = Buffer.alloc(0);
  let from = size;
  for (let end = size; end > header.end; ) {
    const mark = bytes.length < 2 * SYNC_BYTES ? -1 : bytes.lastIndexOf(header.sync, bytes.length - 2 * SYNC_BYTES);
    if (mark < 0) {
      if (from === firstMark) throw new Error(`no whole block ends at ${end}`);
      const before = Math.max(firstMark, from - Math.max(CHUNK_BYTES, bytes.length));
      bytes = Buffer.concat([await readAt(file, before, from - before), bytes]);
      from = before;
      continue;
    }
    yield blockOf(bytes.subarray(mark + SYNC_BYTES), header, end);
    bytes = bytes.subarray(0, mark + SYNC_BYTES);
    end = from + bytes.length;
  }
}

function blockOf(bytes: Buffer, { sync }: FileHeader, end: number): FileBlock {
  const head = readBlockHead(bytes.subarray(0, BLOCK_HEAD_BYTES), 0);
  const whole = head?.length === bytes.length && bytes.subarray(-SYNC_BYTES).equals(sync);
  if (head === undefined || !whole) throw new Error(`no whole block ends at ${end}`);
  return { count: head.count, data: bytes.subarray(head.dataStart, head.dataStart + head.dataBytes) };
}
