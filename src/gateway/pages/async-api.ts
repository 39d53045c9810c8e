import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { parse } from 'yaml';
import { addFile, type StaticFile, staticFile } from './static-file.ts';

const DOCUMENT = new URL('../../../schemas/asyncapi.yaml', import.meta.url);

/** Serves the AsyncAPI document of the topics, as YAML and JSON. The JSON is made at its first request: it takes 100 ms. */
export async function addAsyncApi(app: FastifyInstance): Promise<void> {
  const text = await readFile(DOCUMENT, 'utf8');
  addFile(app, '/docs/asyncapi.yaml', await staticFile('asyncapi.yaml', text));
  let json: Promise<StaticFile> | undefined;
  const inJson = () => (json ??= staticFile('asyncapi.json', JSON.stringify(parse(text))));
  for (const path of ['/docs/asyncapi', '/docs/asyncapi.json']) addFile(app, path, inJson);
}
