import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip, type Gunzip } from 'node:zlib';

/** Compressed bytes taken at once: what they unfold to is in memory, at most a thousand times as much. */
const CHUNK_BYTES = 32 * 1024;

/** The bytes of a file, gunzipped where they are gzip. All that can be read comes before the error about what cannot. */
export async function* inflateFile(path: string, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
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
  // Who waits listens for himself; an error that nobody hears would end the process.
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
 * Node.js calls nobody back for a write that fails: the error event tells. At zero bytes behind the end of the data it
 * ends of itself.
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
