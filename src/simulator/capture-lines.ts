import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { CaptureFormat } from './simulator-options.ts';

/** One recorded message. Text is latin1: each character is a byte as it was received. */
export interface CaptureLine {
  /** When it was received, milliseconds since 1970 with a fraction; undefined where the recording does not say. */
  readonly at: number | undefined;
  /** Name of the recorded connection; empty where the recording has one only. */
  readonly connection: string;
  readonly frame: string;
}

type ParseLine = (line: string) => CaptureLine | undefined;

const MARKET_FEED = /^(\d+) (\S+) (.*)$/s;
const HFTBACKTEST = /^(\d+) (.*)$/s;
const CRYPTOFEED = /^(\d+\.\d+): (.*)$/s;
const CRYPTOFEED_REST = /^https?:\S+ -> (\d+\.\d+): (.*)$/s;

const PARSERS: Readonly<Record<CaptureFormat, ParseLine>> = {
  'market-feed': (line) => parts(MARKET_FEED.exec(line), 1e-6),
  hftbacktest: (line) => whole(HFTBACKTEST.exec(line), 1e-6),
  cryptofeed: (line) => whole(CRYPTOFEED.exec(line) ?? CRYPTOFEED_REST.exec(line), 1e3),
  ndjson: (line) => (line === '' ? undefined : { at: undefined, connection: '', frame: line }),
};

/** The messages of one file, gzipped or not. Marks, headers and lines of other kinds are left out. @throws Error naming the file. */
export async function* captureLines(file: string, format: CaptureFormat): AsyncGenerator<CaptureLine> {
  const parse = PARSERS[format];
  for await (const line of rawLines(file)) {
    const parsed = parse(line);
    if (parsed !== undefined && (parsed.frame.startsWith('{') || parsed.frame.startsWith('['))) yield parsed;
  }
}

/** Tells a format by the first line of a file; the line is the header where it is our own. @throws Error where it is none. */
export async function detectFormat(file: string): Promise<CaptureFormat> {
  for await (const line of rawLines(file)) {
    if (/^\d{13,} \{/.test(line)) return 'hftbacktest';
    if (/^\d+\.\d+: /.test(line) || line.startsWith('configuration: ') || / (<->|->) \d+\.\d+/.test(line))
      return 'cryptofeed';
    if (
      /^\{.*"(stream|topic|e|op|success|u|lastUpdateId)":/s.test(line) &&
      !/^\{"(market|format|version|capture)/.test(line)
    )
      return 'ndjson';
    if (line.startsWith('{')) return 'market-feed';
    break;
  }
  throw new Error(`${file}: not a capture of a known format (market-feed, hftbacktest, ndjson, cryptofeed)`);
}

async function* rawLines(file: string): AsyncGenerator<string> {
  const zipped = isGzip(file);
  const source = createReadStream(file, { highWaterMark: 262_144 });
  const stream: Readable = zipped ? source.pipe(createGunzip({ chunkSize: 262_144 })) : source;
  source.on('error', (error) => stream.destroy(error));
  let rest = '';
  try {
    for await (const chunk of stream) {
      const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    source.destroy();
    stream.destroy();
  }
  if (rest !== '') yield rest;
}

function isGzip(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const magic = Buffer.alloc(2);
    return readSync(handle, magic, 0, 2, 0) === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    closeSync(handle);
  }
}

function whole(match: RegExpExecArray | null, unit: number): CaptureLine | undefined {
  if (match === null) return undefined;
  return { at: Number(match[1]) * unit, connection: '', frame: match[2] ?? '' };
}

function parts(match: RegExpExecArray | null, unit: number): CaptureLine | undefined {
  if (match === null) return undefined;
  return { at: Number(match[1]) * unit, connection: match[2] ?? '', frame: match[3] ?? '' };
}
