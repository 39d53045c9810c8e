import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parse } from 'yaml';
import { getOrCreate } from '../../domain/get-or-create.ts';
import { addFile, type StaticFile, staticFile } from './static-file.ts';

const DOCUMENT = new URL('../../../schemas/asyncapi.yaml', import.meta.url);

type Format = 'json' | 'yaml';

/** Serves the AsyncAPI document of the topics at /docs/asyncapi, as JSON or YAML. It is read at the first request. */
export function addAsyncApi(app: FastifyInstance): void {
  const files = new Map<Format, Promise<StaticFile>>();
  const file = (format: Format) => getOrCreate(files, format, readDocument);
  for (const format of ['json', 'yaml'] as const) addFile(app, `/docs/asyncapi.${format}`, () => file(format));
  addFile(app, '/docs/asyncapi', (request) => file(acceptedFormat(request)), { vary: 'accept' });
}

async function readDocument(format: Format): Promise<StaticFile> {
  const text = await readFile(DOCUMENT, 'utf8');
  return staticFile(`asyncapi.${format}`, format === 'yaml' ? text : JSON.stringify(parse(text)));
}

/** YAML if the client prefers it to JSON, by its header `accept`. */
function acceptedFormat({ headers }: FastifyRequest): Format {
  const accepted = String(headers.accept ?? '').split(',');
  return quality(accepted, /yaml/i) > quality(accepted, /json|\*/i) ? 'yaml' : 'json';
}

/** The highest quality value of the accepted types that match: 0 to 1; 0 if none does. */
function quality(accepted: readonly string[], type: RegExp): number {
  const matching = accepted.filter((each) => type.test(each));
  return Math.max(0, ...matching.map((each) => Number(/;\s*q=([\d.]+)/i.exec(each)?.[1] ?? 1)));
}
