import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { VenueId } from '../../src/domain/instrument.ts';

/** Files of a folder that belong together. Their paths are absolute; `name` is relative to the folder. */
export type Recording =
  /** A stream of book changes, with its related files. */
  | { readonly kind: 'book'; readonly name: string; readonly file: string; readonly beside: Beside }
  /** A session: everything that arrived on one connection. */
  | { readonly kind: 'session'; readonly name: string; readonly file: string; readonly expected: string | undefined }
  /** The body of a REST response. */
  | { readonly kind: 'body'; readonly name: string; readonly file: string };

export interface Beside {
  readonly snapshot: string | undefined;
  readonly meta: string | undefined;
  readonly expected: string | undefined;
  readonly bookTickers: string | undefined;
}

const PART = /\.(depth|rest-depth|meta|expected|bookTicker)\.(ndjson|json)(\.gz)?$/;

/** The recordings below a folder, by name. */
export function recordingsIn(folder: string): Recording[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  const known = new Set(files);
  const find = (...names: readonly string[]): string | undefined => {
    const found = names.flatMap((name) => [name, `${name}.gz`]).find((name) => known.has(name));
    return found === undefined ? undefined : join(folder, found);
  };
  return files.flatMap((file): Recording[] => {
    const path = join(folder, file);
    const part = PART.exec(file)?.[1];
    if (part === 'depth') {
      const name = file.replace(PART, '');
      const beside = {
        snapshot: find(`${name}.rest-depth.json`),
        meta: find(`${name}.meta.json`),
        expected: find(`${name}.expected.json`),
        bookTickers: find(`${name}.bookTicker.ndjson`),
      };
      return [{ kind: 'book', name, file: path, beside }];
    }
    if (part !== undefined || /\.(md|txt)$/.test(file)) return [];
    if (/\.json(\.gz)?$/.test(file)) return [{ kind: 'body', name: file, file: path }];
    const bare = file.replace(/(\.ndjson|\.jsonl)?(\.gz)?$/, '');
    return [
      { kind: 'session', name: file, file: path, expected: find(`${bare}.expected.json`, `${file}.expected.json`) },
    ];
  });
}

/** The venue of a recording, from its name; undefined if the name does not contain one. */
export function venueInName(name: string): VenueId | undefined {
  if (/bybit/i.test(name)) return 'bybit';
  if (/binance-?_?us/i.test(name)) return 'binance_us';
  if (/binance.*testnet/i.test(name)) return 'binance_testnet';
  return /binance/i.test(name) ? 'binance' : undefined;
}

/** The text of a file, unzipped if its name ends in .gz. */
export function textOf(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

export function rowsOf(file: string): string[] {
  return textOf(file)
    .split('\n')
    .filter((row) => row !== '');
}

export function jsonOf(file: string): Record<string, unknown> {
  return JSON.parse(textOf(file)) as Record<string, unknown>;
}
