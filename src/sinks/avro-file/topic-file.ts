import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { block, type FileCodec, fileHeader, syncMarker } from '../../avro-file/container.ts';
import { fileName, listFiles, PART, stampOf } from '../../avro-file/file-name.ts';
import type { RecordCodec } from '../../codec/avro.ts';
import { errorCode } from '../../domain/fault.ts';

/** Bytes of records in a block, before compression: a torn block loses no more, and a reader needs no more memory. */
const BLOCK_BYTES = 256 * 1024;

export interface TopicFileOptions {
  readonly rotateBytes: number;
  readonly codec: FileCodec;
  /** Wall clock, milliseconds: for the names. */
  readonly now: () => number;
}

/** What of a list of records is in the file now: the first `written` ones; with the error that stopped the rest. */
export interface Appended {
  readonly written: number;
  readonly error?: unknown;
}

interface OpenFile {
  readonly path: string;
  readonly sync: Buffer;
  /** Undefined after an error: what is behind `size` is not known then. */
  handle: FileHandle | undefined;
  /** Where the last whole block ends; 0: not even the header is there. */
  size: number;
  blocks: number;
}

/** The files of one topic: the open one, and what it takes to begin the next. Calls must not overlap. */
export class TopicFile {
  readonly #folder: string;
  readonly #codec: RecordCodec;
  readonly #options: TopicFileOptions;
  #open: OpenFile | undefined;
  #last: { readonly seq: number; readonly stamp: string } | undefined;

  constructor(folder: string, codec: RecordCodec, options: TopicFileOptions) {
    this.#folder = folder;
    this.#codec = codec;
    this.#options = options;
  }

  /** False before the first append and when the file was full: the next append begins another. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Appends encoded records. A block is in the file whole, or cut off again before anything else is written. */
  async append(bodies: readonly Buffer[]): Promise<Appended> {
    let written = 0;
    try {
      while (written < bodies.length) {
        const end = blockEnd(bodies, written);
        await this.#appendBlock(bodies.slice(written, end));
        written = end;
      }
    } catch (error) {
      await this.#fail(error);
      return { written, error };
    }
    if (this.#open !== undefined && this.#open.size >= this.#options.rotateBytes) {
      // What was appended is safe; where closing fails the file just grows on, and the next append tries again.
      await this.close().catch(() => {});
    }
    return { written };
  }

  /** Puts what was appended on the disk, so that not even a loss of power takes it. */
  async synchronise(): Promise<void> {
    try {
      await this.#open?.handle?.datasync();
    } catch (error) {
      await this.#fail(error);
      throw error;
    }
  }

  /** Closes the open file whole: synchronised to the disk, `.part` gone. Where it fails the file can still be appended to. */
  async close(): Promise<void> {
    const file = this.#open;
    if (file === undefined) return;
    try {
      const handle = await this.#handleOf(file);
      await handle.sync();
      await this.#letGo();
      if (file.blocks === 0) await rm(file.path + PART);
      else await rename(file.path + PART, file.path);
      this.#open = undefined;
    } catch (error) {
      await this.#fail(error);
      throw error;
    }
  }

  async #appendBlock(bodies: readonly Buffer[]): Promise<void> {
    this.#open ??= await this.#begin();
    const file = this.#open;
    const handle = await this.#handleOf(file);
    const bytes = await block(Buffer.concat(bodies), bodies.length, this.#options.codec, file.sync);
    if (file.size === 0)
      await this.#write(file, handle, fileHeader(this.#codec.schemaJson, this.#options.codec, file.sync));
    await this.#write(file, handle, bytes);
    file.blocks++;
  }

  async #write(file: OpenFile, handle: FileHandle, bytes: Buffer): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      done += (await handle.write(bytes, done, bytes.length - done, file.size + done)).bytesWritten;
    }
    file.size += bytes.length;
  }

  async #begin(): Promise<OpenFile> {
    await mkdir(this.#folder, { recursive: true });
    const last = this.#last ?? (await listFiles(this.#folder)).at(-1) ?? { seq: 0, stamp: '' };
    const seq = last.seq + 1;
    const now = stampOf(this.#options.now());
    // Names sort as the numbers do, also where the clock was set back.
    const stamp = now < last.stamp ? last.stamp : now;
    const path = join(this.#folder, fileName(stamp, seq));
    const handle = await open(path + PART, 'wx');
    this.#last = { seq, stamp };
    return { path, sync: syncMarker(this.#codec.schemaJson, seq), handle, size: 0, blocks: 0 };
  }

  /** The open file's handle, after an error a new one on a file cut back to its last whole block. */
  async #handleOf(file: OpenFile): Promise<FileHandle> {
    if (file.handle === undefined) {
      const handle = await open(file.path + PART, 'r+');
      file.handle = handle;
      await handle.truncate(file.size);
    }
    return file.handle;
  }

  async #fail(error: unknown): Promise<void> {
    const file = this.#open;
    // Now rather than at the next try, as somebody may be reading; where it fails, the next try does it.
    await file?.handle?.truncate(file.size).catch(() => {});
    await this.#letGo();
    // Somebody removed the file: the next append begins another.
    if (errorCode(error) === 'ENOENT') this.#open = undefined;
  }

  async #letGo(): Promise<void> {
    const handle = this.#open?.handle;
    if (this.#open !== undefined) this.#open.handle = undefined;
    await handle?.close().catch(() => {});
  }
}

/** The end of the block that starts with `bodies[start]`: at least one record. */
function blockEnd(bodies: readonly Buffer[], start: number): number {
  let bytes = 0;
  let end = start;
  while (end < bodies.length && (end === start || bytes + (bodies[end] as Buffer).length <= BLOCK_BYTES)) {
    bytes += (bodies[end] as Buffer).length;
    end++;
  }
  return end;
}
