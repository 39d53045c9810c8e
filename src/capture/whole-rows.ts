import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip, type Gunzip } from 'node:zlib';
import { errorCode } from '../domain/fault.ts';

/** Compressed bytes read at once. Memory holds their uncompressed form, at most a thousand times as much. */
const CHUNK_BYTES = 32 * 1024;
export const NEWLINE = 0x0a;
/** Maximum length of a row. A gzipped file can have one row of a thousand times its own size. */
const MAX_ROW_BYTES = 64 * 2 ** 20;

/**
 * Reads a file, gzipped or not, in pieces of whole rows. While a caller uses one piece, the next is read. A last row
 * without a line break gets one.
 * @throws Error naming the file and its last readable row, after all readable rows were yielded
 */
export async function* wholeRows(
  file: string,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer, void, undefined> {
  const parts = inflateFile(file, onRead);
  const ask = (): Promise<IteratorResult<Buffer>> => {
    const coming = parts.next();
    // The loop gets the error when it awaits this read. If the caller stops first, this handler prevents an unhandled
    // rejection.
    coming.catch(() => {});
    return coming;
  };
  let rows = 0;
  /** The start of an incomplete row. */
  let begun: Buffer[] = [];
  let begunBytes = 0;
  try {
    let coming = ask();
    for (let part = await coming; part.done !== true; part = await coming) {
      coming = ask();
      const end = part.value.lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        const whole = Buffer.concat([...begun, part.value.subarray(0, end)]);
        begun = [];
        begunBytes = 0;
        yield whole;
        rows += rowsIn(whole);
      }
      begun.push(part.value.subarray(end));
      begunBytes += part.value.length - end;
      if (begunBytes > MAX_ROW_BYTES) throw new Error(`a row has more than ${MAX_ROW_BYTES} bytes`);
    }
  } catch (error) {
    throw unreadable(file, rows, error);
  } finally {
    await parts.return(undefined);
  }
  const rest = Buffer.concat([...begun, Buffer.from('\n')]);
  if (rest.length > 1) yield rest;
}

function rowsIn(whole: Buffer): number {
  let rows = 0;
  for (let end = whole.indexOf(NEWLINE); end !== -1; end = whole.indexOf(NEWLINE, end + 1)) rows++;
  return rows;
}

function unreadable(file: string, rows: number, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  // The error of a truncated file, as a killed process leaves it.
  const torn = errorCode(error) === 'Z_BUF_ERROR';
  const where = rows === 0 ? '' : `, after row ${rows}`;
  const what = torn ? `torn${where} (${message})` : `${message}${where}`;
  return new Error(`${file}: ${what}`, { cause: error });
}

/** Yields the bytes of a file, gunzipped if they are gzip. All readable bytes come before an error. */
async function* inflateFile(path: string, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  const zipped = await isGzip(path);
  const source: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!zipped) {
    for await (const chunk of source) {
      onRead(chunk.length);
      yield chunk;
    }
    return;
  }
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  let out: Buffer[] = [];
  const taken = (): Buffer[] => {
    const ready = out;
    out = [];
    return ready;
  };
  gunzip.on('data', (part: Buffer) => out.push(part));
  // `written` and `ended` listen for errors only while they wait. An error without a listener would end the process.
  gunzip.on('error', () => {});
  try {
    for await (const chunk of source) {
      onRead(chunk.length);
      if (gunzip.readableEnded) continue;
      const error = await written(gunzip, chunk);
      yield* taken();
      if (error !== undefined) throw error;
    }
    const error = gunzip.readableEnded ? undefined : await ended(gunzip);
    yield* taken();
    if (error !== undefined) throw error;
  } finally {
    gunzip.destroy();
  }
}

/**
 * Resolves when a write has ended, with the error if it failed. Node.js does not call back after a failure, or if zero
 * bytes after the gzip data end the stream.
 */
function written(gunzip: Gunzip, chunk: Buffer): Promise<Error | undefined> {
  return new Promise((resolve) => {
    gunzip.once('error', resolve);
    gunzip.once('end', resolve);
    gunzip.write(chunk, (error) => {
      gunzip.off('error', resolve);
      gunzip.off('end', resolve);
      setImmediate(resolve, error ?? undefined);
    });
  });
}

function ended(gunzip: Gunzip): Promise<Error | undefined> {
  return new Promise((resolve) => {
    gunzip.once('end', () => resolve(undefined));
    gunzip.once('error', resolve);
    gunzip.end();
  });
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}
