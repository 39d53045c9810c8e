import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { acceptsGzip, varyByEncoding } from './compress.ts';

/** A file that is served from memory, so that a request needs neither an open file nor a compressor. */
export interface StaticFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.yaml': 'application/yaml; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};
const compressed = promisify(gzip);

/** Makes a file from its contents; the type follows from the extension of the name. */
export async function staticFile(name: string, contents: string | Buffer): Promise<StaticFile> {
  const plain = Buffer.from(contents);
  return {
    type: TYPES[extname(name)] ?? 'application/octet-stream',
    plain,
    gzipped: await compressed(plain),
    etag: `"${createHash('sha256').update(plain).digest('base64url')}"`,
  };
}

/** Reads the files of a folder, without subfolders and hidden files. @throws Error if a file cannot be read. */
export async function readFolder(dir: string): Promise<ReadonlyMap<string, StaticFile>> {
  const entries = await readdir(dir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const served = names.filter((name) => !name.startsWith('.'));
  return new Map(
    await Promise.all(
      served.map(async (name) => [name, await staticFile(name, await readFile(join(dir, name)))] as const),
    ),
  );
}

type Choose = (request: FastifyRequest) => StaticFile | Promise<StaticFile>;

/** Adds the route of one file, or of the file that a request chooses. */
export function addFile(
  app: FastifyInstance,
  path: string,
  file: StaticFile | Choose,
  headers: Readonly<Record<string, string>> = {},
): void {
  const choose: Choose = typeof file === 'function' ? file : () => file;
  app.get(path, { schema: { hide: true } }, async (request, reply) => {
    const { type, etag, plain, gzipped } = await choose(request);
    reply.headers({ ...headers, 'cache-control': 'public, max-age=0', etag }).type(type);
    varyByEncoding(reply);
    return acceptsGzip(request) ? reply.header('content-encoding', 'gzip').send(gzipped) : reply.send(plain);
  });
}
