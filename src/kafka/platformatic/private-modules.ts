/**
 * The modules of @platformatic/kafka 2.12.1 that market-feed uses; no other file imports them. They are loaded by file,
 * because the package as a whole takes twice the time and memory: its clients compile schemas on load.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

type Library = typeof import('@platformatic/kafka');

const whole = pathToFileURL(createRequire(import.meta.url).resolve('@platformatic/kafka'));
const load = (part: string): Promise<Partial<Library>> => import(new URL(`${part}/index.js`, whole).href);
const parts = [await load('network'), await load('protocol'), await load('apis')];

/** The library's connections and requests. */
export const library = Object.assign({}, ...parts) as Library;
