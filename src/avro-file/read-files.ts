import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RecordReader, readerOf } from '../codec/avro.ts';
import { asFault, errorCode, Fault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import { blockBodies, type FileHeader } from './container.ts';
import { type FileBlock, FileBlocks } from './file-blocks.ts';
import { type DataFile, listFiles, PART, stampOf } from './file-name.ts';

/** The names of files have whole seconds. */
const MARGIN_MS = 1000;

export interface ReadFilesOptions {
  /** `end`: only new records; `beginning` by default. */
  readonly from?: 'beginning' | 'end';
  /** Leaves out files whose records all arrived before this time, milliseconds since 1970. Default: reads all files. */
  readonly sinceMs?: number;
  /** True: waits for new records; false by default. */
  readonly follow?: boolean;
  /** Milliseconds between two checks for new records; 200 by default. */
  readonly pollMs?: number;
  /** Ends the reading, also while it waits. */
  readonly signal?: AbortSignal;
  /** Called once, when the start is fixed: all records written from then on are read. */
  readonly onStart?: () => void;
  /** Called before each wait, when all existing records were read. */
  readonly onCaughtUp?: () => void;
  /** Called and awaited after each block, with its number of records. */
  readonly onBlock?: ((records: number) => Promise<void>) | undefined;
}

/**
 * Yields the records in DIR/TOPIC, file after file; in an open file, only the records in whole blocks. It ends at once
 * if the folder does not exist, unless it follows. While it follows, the folder may be emptied and filled again.
 * @throws Fault of kind `malformed` with the path of a damaged file
 */
export async function* readFiles(
  dir: string,
  topic: string,
  options: ReadFilesOptions = {},
): AsyncGenerator<FeedRecord, void, undefined> {
  const { from = 'beginning', follow = false, pollMs = 200, signal } = options;
  const folder = join(dir, topic);
  let onStart = options.onStart;
  let last: DataFile | undefined;
  /** The files that existed when the last file was opened. */
  let known: ReadonlySet<string> = new Set();
  let skipLast = from === 'end';
  if (options.sinceMs !== undefined) last = lastBefore(await listFiles(folder), options.sinceMs);
  while (signal?.aborted !== true) {
    const files = await listFiles(folder);
    const file = skipLast ? files.at(-1) : nextFile(files, last, known);
    const skipWhatIsThere = skipLast;
    skipLast = false;
    if (!skipWhatIsThere || file === undefined) onStart?.();
    if (file !== undefined) {
      last = file;
      known = new Set(files.map(({ name }) => name));
      yield* readFile(folder, file, { ...options, skipWhatIsThere, follow, pollMs, onStart });
      onStart = undefined;
      continue;
    }
    onStart = undefined;
    if (!follow) return;
    options.onCaughtUp?.();
    await pause(pollMs, signal);
  }
}

/** The last file that was complete before a time: the next file had been created a second earlier. */
function lastBefore(files: readonly DataFile[], timeMs: number): DataFile | undefined {
  if (timeMs < MARGIN_MS) return undefined;
  const stamp = stampOf(timeMs - MARGIN_MS);
  return files[files.findLastIndex((_, index) => (files[index + 1]?.stamp ?? stamp) < stamp)];
}

/**
 * The file with the next number. If the last file is gone, numbers may have restarted: then it is the first new file.
 */
function nextFile(
  files: readonly DataFile[],
  last: DataFile | undefined,
  known: ReadonlySet<string>,
): DataFile | undefined {
  const isGone = last !== undefined && !files.some(({ name }) => name === last.name);
  return files.find(({ name, seq }) => seq > (last?.seq ?? 0) || (isGone && !known.has(name)));
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => {});
}

interface ReadFileOptions extends Pick<ReadFilesOptions, 'signal' | 'onCaughtUp' | 'onBlock'> {
  readonly skipWhatIsThere: boolean;
  readonly follow: boolean;
  readonly pollMs: number;
  readonly onStart: (() => void) | undefined;
}

async function* readFile(folder: string, file: DataFile, options: ReadFileOptions): AsyncGenerator<FeedRecord> {
  const { follow, pollMs, signal } = options;
  const blocks = await openEither(folder, file, FileBlocks.open);
  if (blocks === undefined) {
    if (options.skipWhatIsThere) options.onStart?.();
    return;
  }
  try {
    const skipTo = options.skipWhatIsThere ? await blocks.size() : 0;
    if (options.skipWhatIsThere) options.onStart?.();
    while (blocks.offset < skipTo && (await blocks.next()) !== undefined);
    let read: ((block: FileBlock) => Promise<FeedRecord[]>) | undefined;
    let state: 'grows' | 'left' | 'closed' = 'grows';
    while (signal?.aborted !== true) {
      const block = await blocks.next();
      if (block !== undefined) {
        read ??= blockReader(blocks.header as FileHeader, blocks.path);
        yield* await read(block);
        await options.onBlock?.(block.count);
        continue;
      }
      if (state === 'closed' && blocks.offset < (await blocks.size()))
        throw damaged(blocks.path, `no whole block at ${blocks.offset}`);
      if (state !== 'grows') return;
      // The file's state is read before the next try, so that a closed file is read to its end.
      const files = await listFiles(folder);
      const listed = files.find(({ name }) => name === file.name);
      if (listed?.open === false) state = 'closed';
      // The file is gone, or it is open although a later file exists: a crash left it, or it was just closed.
      else if (!follow || listed === undefined || files.at(-1) !== listed) state = 'left';
      if (state !== 'grows') continue;
      options.onCaughtUp?.();
      await pause(pollMs, signal);
    }
  } finally {
    await blocks.close();
  }
}

/**
 * Opens a file by its current path: an open file loses its suffix when it is closed. Returns undefined if the file was
 * removed meanwhile.
 */
export async function openEither<T>(
  folder: string,
  file: Pick<DataFile, 'name' | 'open'>,
  open: (path: string) => Promise<T>,
): Promise<T | undefined> {
  for (const suffix of file.open ? [PART, ''] : ['']) {
    try {
      return await open(join(folder, file.name + suffix));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

/** Returns a decoder for the blocks of a file with this header. @throws Fault of kind `malformed` */
export function blockReader(header: FileHeader, path: string): (block: FileBlock) => Promise<FeedRecord[]> {
  const bodiesOf = bodiesReader(header, path);
  const reader: RecordReader = readerOf(header.schemaJson);
  return async (block) => {
    const bodies = await bodiesOf(block);
    try {
      const records: FeedRecord[] = [];
      let at = 0;
      for (let i = 0; i < block.count; i++) {
        const { record, end } = reader.read(bodies, at);
        records.push(record);
        at = end;
      }
      return records;
    } catch (error) {
      throw damaged(path, asFault(error).message);
    }
  };
}

/**
 * Returns a function that gives the encoded records of a block of a file with this header, one after the other.
 * @throws Fault of kind `malformed` with the path
 */
export function bodiesReader({ codec }: FileHeader, path: string): (block: FileBlock) => Promise<Buffer> {
  if (codec !== 'null' && codec !== 'deflate') throw damaged(path, `codec ${codec} is not known`);
  return ({ data }) => blockBodies(data, codec).catch((error) => Promise.reject(damaged(path, asFault(error).message)));
}

export const damaged = (path: string, reason: string): Fault =>
  new Fault('malformed', `${path}: ${reason}`, { retry: { kind: 'never' } });
