import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { block, type FileCodec, fileHeader, syncMarker } from '../../avro-file/container.ts';
import { fileName, listFiles, PART, stampOf } from '../../avro-file/file-name.ts';
import type { RecordCodec } from '../../codec/avro.ts';
import { errorCode } from '../../domain/fault.ts';

/**
 * Bytes of records in a block, before compression. They limit what an incomplete block loses, and a reader's memory.
 */
const BLOCK_BYTES = 256 * 1024;

export interface TopicFileOptions {
  readonly rotateBytes: number;
  /** Milliseconds after which a file is closed and the next one starts; by default its size alone decides. */
  readonly rotateMs?: number;
  /** True: each append is synchronised to the disk. False: a file is synchronised when it is closed. */
  readonly synchronises?: boolean;
  /** Called after each append, and once more when the file is closed. */
  readonly onWritten?: (file: WrittenFile) => void;
  readonly codec: FileCodec;
  /** Returns the wall clock's time for the names of files, milliseconds since 1970. */
  readonly now: () => number;
}

export interface WrittenFile {
  /** Where the file is once it is closed. */
  readonly path: string;
  readonly bytes: number;
  readonly isClosed: boolean;
}

interface OpenFile {
  readonly path: string;
  /** When it was created, by `now`. */
  readonly sinceMs: number;
  readonly sync: Buffer;
  /** Undefined after an error: then the content after `size` is unknown. */
  handle: FileHandle | undefined;
  /** Where the last whole block ends, in bytes; 0: there is none. */
  size: number;
}

/** Writes the files of one topic, one after the other. Calls must not overlap. */
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

  /** False before the first append and after a full file was closed: the next append opens a new file. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Appends encoded records: all, or none if it rejects. */
  async append(bodies: readonly Buffer[]): Promise<void> {
    if (bodies.length === 0) return;
    await this.#guarded(async () => {
      this.#open ??= await this.#openNext();
      const file = this.#open;
      const { codec } = this.#options;
      const parts = file.size === 0 ? [fileHeader(this.#codec.schemaJson, codec, file.sync)] : [];
      for (const records of blocksOf(bodies)) {
        parts.push(await block(Buffer.concat(records), records.length, codec, file.sync));
      }
      await write(await this.#handleOf(file), Buffer.concat(parts), file, this.#options.synchronises === true);
      this.#report(file, false);
    });
    await this.closeIfDue();
  }

  /** Closes the file if it is large or old enough. If that fails, the file keeps growing and the next call retries. */
  async closeIfDue(): Promise<void> {
    const { rotateBytes, rotateMs = Number.POSITIVE_INFINITY, now } = this.#options;
    const file = this.#open;
    if (file === undefined) return;
    if (file.size >= rotateBytes || now() - file.sinceMs >= rotateMs) await this.close().catch(() => {});
  }

  /** Makes appended records survive a power loss. */
  async synchronise(): Promise<void> {
    await this.#guarded(async () => this.#open?.handle?.datasync());
  }

  /** Synchronises the open file to the disk and removes `.part` from its name. If it rejects, `append` still works. */
  async close(): Promise<void> {
    const file = this.#open;
    if (file === undefined) return;
    await this.#guarded(async () => {
      const handle = await this.#handleOf(file);
      await handle.sync();
      await this.#closeHandle();
      if (file.size === 0) await rm(file.path + PART);
      else await rename(file.path + PART, file.path);
      this.#open = undefined;
      if (file.size > 0) this.#report(file, true);
    });
  }

  #report({ path, size: bytes }: OpenFile, isClosed: boolean): void {
    this.#options.onWritten?.({ path, bytes, isClosed });
  }

  async #openNext(): Promise<OpenFile> {
    await mkdir(this.#folder, { recursive: true });
    const last = this.#last ?? (await listFiles(this.#folder)).at(-1) ?? { seq: 0, stamp: '' };
    const seq = last.seq + 1;
    const sinceMs = this.#options.now();
    const now = stampOf(sinceMs);
    // File names sort by sequence number, even if the clock was set back.
    const stamp = now < last.stamp ? last.stamp : now;
    const path = join(this.#folder, fileName(stamp, seq));
    const handle = await open(path + PART, 'wx');
    this.#last = { seq, stamp };
    return { path, sinceMs, sync: syncMarker(this.#codec.schemaJson, seq), handle, size: 0 };
  }

  /** Returns the file's handle. After an error it opens a new one and cuts the file back to its last whole block. */
  async #handleOf(file: OpenFile): Promise<FileHandle> {
    if (file.handle === undefined) {
      const handle = await open(file.path + PART, 'r+');
      file.handle = handle;
      await handle.truncate(file.size);
    }
    return file.handle;
  }

  /** If the work fails, cuts the file back to its last whole block. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const file = this.#open;
      // A reader may read the file before the next try, so it is cut now. If that fails, the next try cuts it.
      await file?.handle?.truncate(file.size).catch(() => {});
      await this.#closeHandle();
      // The file was removed: the next append opens a new one.
      if (errorCode(error) === 'ENOENT') this.#open = undefined;
      throw error;
    }
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#open?.handle;
    if (this.#open !== undefined) this.#open.handle = undefined;
    await handle?.close().catch(() => {});
  }
}

async function write(handle: FileHandle, bytes: Buffer, file: OpenFile, synchronises: boolean): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += (await handle.write(bytes, done, bytes.length - done, file.size + done)).bytesWritten;
  }
  if (synchronises) await handle.datasync();
  file.size += bytes.length;
}

/** Splits records into blocks of at least one record. */
function* blocksOf(bodies: readonly Buffer[]): Generator<readonly Buffer[]> {
  let records: Buffer[] = [];
  let bytes = 0;
  for (const body of bodies) {
    if (records.length > 0 && bytes + body.length > BLOCK_BYTES) {
      yield records;
      [records, bytes] = [[], 0];
    }
    records.push(body);
    bytes += body.length;
  }
  if (records.length > 0) yield records;
}
