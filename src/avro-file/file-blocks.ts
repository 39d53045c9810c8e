import { type FileHandle, open } from 'node:fs/promises';
import { BLOCK_HEAD_BYTES, type FileHeader, readBlockHead, readHeader, SYNC_BYTES } from './container.ts';

const FIRST_READ_BYTES = 32 * 1024;

export interface FileBlock {
  /** Number of records. */
  readonly count: number;
  /** The records' bodies, compressed with the file's codec. */
  readonly data: Buffer;
}

/** Reads the whole blocks of a container file, one after the other. The file may still grow. */
export class FileBlocks {
  readonly path: string;
  readonly #file: FileHandle;
  /** The file's header; known after the first call of `next` that found it complete. */
  header: FileHeader | undefined;
  /** Where the last whole block that was read ends, in bytes. */
  offset = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<FileBlocks> {
    return new FileBlocks(path, await open(path, 'r'));
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  /** Reads the next block; undefined if no whole block follows (yet), because the file ends or is torn. */
  async next(): Promise<FileBlock | undefined> {
    if (this.header === undefined) {
      this.header = await headerOf(this.#file, await this.size());
      if (this.header === undefined) return undefined;
      this.offset = this.header.end;
    }
    const head = readBlockHead(await readAt(this.#file, this.offset, BLOCK_HEAD_BYTES));
    if (head === undefined || this.offset + head.length > (await this.size())) return undefined;
    const bytes = await readAt(this.#file, this.offset, head.length);
    const dataEnd = head.dataStart + head.dataBytes;
    if (!bytes.subarray(dataEnd, dataEnd + SYNC_BYTES).equals(this.header.sync)) return undefined;
    this.offset += head.length;
    return { count: head.count, data: bytes.subarray(head.dataStart, dataEnd) };
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Reads the header of a file of this size; undefined if it is not complete (yet). */
export async function headerOf(file: FileHandle, size: number): Promise<FileHeader | undefined> {
  for (let length = FIRST_READ_BYTES; ; length *= 4) {
    const header = readHeader(await readAt(file, 0, Math.min(length, size)));
    if (header !== undefined || length >= size) return header;
  }
}

/** Reads `length` bytes, or fewer at the end of the file. */
export async function readAt(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await file.read(bytes, got, length - got, from + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return bytes.subarray(0, got);
}
