import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RecordReader, readerOf } from '../codec/avro.ts';
import { errorCode, Fault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import { blockBodies, type FileHeader } from './container.ts';
import { type FileBlock, FileBlocks } from './file-blocks.ts';
import { type DataFile, listFiles, PART } from './file-name.ts';

export interface ReadFilesOptions {
  /** `end`: only what is written from now on; `beginning` by default. */
  readonly from?: 'beginning' | 'end';
  /** Wait for more instead of suffix; false by default. */
  readonly follow?: boolean;
  /** Milliseconds between two looks for more; 200 by default. */
  readonly pollMs?: number;
  /** Ends the reading, also while it waits. */
  readonly signal?: AbortSignal;
  /** Called once, when it is settled where reading begins: what is written from then on is read. */
  readonly onStart?: () => void;
  /** Called each time that all there is was read, before it waits for more. */
  readonly onCaughtUp?: () => void;
}

/**
 * The records in DIR/TOPIC, file after file, of an open file those in whole blocks. Ends at once where there is no such
 * folder, unless it follows: then one that is emptied and begun again is read from its new first file on. Throws a
 * Fault (malformed) at a file that is damaged, with its path.
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
  /** All that there was when the last one was begun. */
  let known: ReadonlySet<string> = new Set();
  let skipLast = from === 'end';
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

/** The one with the next number. Numbers begin again where the last file is gone, as after a demo: then the first new one. */
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

interface ReadFileOptions extends Pick<ReadFilesOptions, 'signal' | 'onCaughtUp'> {
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
        continue;
      }
      if (state === 'closed' && blocks.offset < (await blocks.size()))
        throw damaged(blocks.path, `no whole block at ${blocks.offset}`);
      if (state !== 'grows') return;
      // Looked up before the next try: what the file had when it was closed is read to its end.
      const files = await listFiles(folder);
      const listed = files.find(({ name }) => name === file.name);
      if (listed?.open === false) state = 'closed';
      // Gone; or open though there is a later one: a crash left it, or it was closed while the folder was listed.
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
 * What `open` makes of the file's path. An open file may be closed, and lose its suffix, at any moment; one that a
 * crash left empty, or an old one, may be gone: undefined.
 */
export async function openEither<T>(
  folder: string,
  file: DataFile,
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

/** Decodes the blocks of a file with this header. Throws a Fault (malformed). */
export function blockReader(header: FileHeader, path: string): (block: FileBlock) => Promise<FeedRecord[]> {
  const { codec } = header;
  if (codec !== 'null' && codec !== 'deflate') throw damaged(path, `codec ${codec} is not known`);
  const reader: RecordReader = readerOf(header.schemaJson);
  return async ({ data, count }) => {
    try {
      const bodies = await blockBodies(data, codec);
      const records: FeedRecord[] = [];
      let at = 0;
      for (let i = 0; i < count; i++) {
        const { record, end } = reader.read(bodies, at);
        records.push(record);
        at = end;
      }
      return records;
    } catch (error) {
      throw damaged(path, error instanceof Error ? error.message : String(error));
    }
  };
}

export const damaged = (path: string, reason: string): Fault =>
  new Fault('malformed', `${path}: ${reason}`, { retry: { kind: 'never' } });
