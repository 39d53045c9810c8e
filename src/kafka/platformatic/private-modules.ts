/**
 * The modules of @platformatic/kafka that are in use, pinned to 2.12.1; no other file knows one. They are loaded by their
 * files, which the package does not export: with the package comes its clients, which compile the schemas of their
 * options when they are loaded, half of the time and memory that all of it takes.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

type Library = typeof import('@platformatic/kafka');

const whole = pathToFileURL(createRequire(import.meta.url).resolve('@platformatic/kafka'));
const load = (part: string): Promise<Partial<Library>> => import(new URL(`${part}/index.js`, whole).href);
const parts = [await load('network'), await load('protocol'), await load('apis')];

/** Of the library these parts alone: connections, requests, and what both are made of. */
export const library = Object.assign({}, ...parts) as Library;
