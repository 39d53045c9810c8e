import { type CaptureFormat, PARSERS, type ParsedRow } from './capture-row.ts';
import { NEWLINE, wholeRows } from './whole-rows.ts';

/** The first row of a capture in our format. */
export interface CaptureHeader {
  readonly format: typeof CAPTURE_FORMAT;
  readonly version: typeof CAPTURE_VERSION;
  /** When the capture starts, nanoseconds since 1970 as text. */
  readonly started_ns?: string;
  /** Seed of the random retry delays, an integer below 2^32. A replay repeats them. */
  readonly seed?: number;
  /** The configuration of coins, quote, feed, venues, order books and statistics. Not checked here. */
  readonly config?: unknown;
}

export const CAPTURE_FORMAT = 'market-feed-capture';
export const CAPTURE_VERSION = 1;

const RETURN = 0x0d;

export type CaptureRow = Exclude<ParsedRow, { kind: 'nothing' | 'odd' }>;

export interface CaptureReadOptions {
  /** True: a row that is not of the format is an error. False: it is skipped. */
  readonly strict?: boolean;
  /** Called with the number of file bytes read since the last call. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * Reads the rows of one capture as a stream. It yields many rows at once, so that not every row waits for a promise.
 * @throws Error naming file and row if a row (with `strict`) or the header is wrong, or the file cannot be read further.
 * All rows before it are yielded first.
 */
export async function* readCaptureParts(
  file: string,
  format: CaptureFormat,
  { strict = false, onRead }: CaptureReadOptions = {},
): AsyncGenerator<readonly CaptureRow[], void, undefined> {
  const parse = PARSERS[format];
  let number = 0;
  for await (const whole of wholeRows(file, onRead)) {
    const rows: CaptureRow[] = [];
    for (let start = 0, end = 0; start < whole.length; start = end + 1) {
      end = whole.indexOf(NEWLINE, start);
      const text = rowOf(whole, start, end);
      if (++number === 1 && format === 'market-feed') {
        named(file, () => readCaptureHeader(text.toString('latin1')));
        continue;
      }
      const row = parse(text);
      if (row.kind === 'odd') {
        if (!strict) continue;
        if (rows.length > 0) yield rows;
        throw new Error(`${file}:${number}: not a row of a ${format} capture: ${shortened(text.toString('latin1'))}`);
      }
      if (row.kind !== 'nothing') rows.push(row);
    }
    if (rows.length > 0) yield rows;
  }
}

/** Reads the rows one by one; see `readCaptureParts`. */
export async function* readCapture(
  file: string,
  format: CaptureFormat,
  options: CaptureReadOptions = {},
): AsyncGenerator<CaptureRow, void, undefined> {
  for await (const rows of readCaptureParts(file, format, options)) yield* rows;
}

/** Reads the header of a capture in our format. @throws Error naming the file if it has none */
export async function captureHeader(file: string): Promise<CaptureHeader> {
  const row = await firstRow(file);
  if (row === undefined) throw new Error(`${file}: empty, not a capture`);
  return named(file, () => readCaptureHeader(row));
}

/** Recognises the format by the first row of a file. @throws Error if it is unknown */
export async function detectFormat(file: string): Promise<CaptureFormat> {
  const row = (await firstRow(file)) ?? '';
  if (/^\d{13,} \{/.test(row)) return 'hftbacktest';
  if (/^\d+\.\d+: /.test(row) || row.startsWith('configuration: ') || / (<->|->) \d+\.\d+/.test(row))
    return 'cryptofeed';
  if (
    /^\{.*"(stream|topic|e|op|success|u|lastUpdateId)":/s.test(row) &&
    !/^\{"(market|format|version|capture)/.test(row)
  )
    return 'ndjson';
  if (row.startsWith('{')) return 'market-feed';
  throw new Error(`${file}: not a capture of a known format (market-feed, hftbacktest, ndjson, cryptofeed)`);
}

async function firstRow(file: string): Promise<string | undefined> {
  for await (const whole of wholeRows(file)) return rowOf(whole, 0, whole.indexOf(NEWLINE)).toString('latin1');
  return undefined;
}

/** Returns the row without its line break. */
function rowOf(whole: Buffer, start: number, end: number): Buffer {
  return whole.subarray(start, end > start && whole[end - 1] === RETURN ? end - 1 : end);
}

function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Parses a row as a header. @throws Error with the reason, without the name of the file */
export function readCaptureHeader(row: string): CaptureHeader {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(row, 'latin1').toString('utf8'));
  } catch {
    throw new Error(`not a capture of market-feed: its first row is not a JSON header: ${shortened(row)}`);
  }
  const { format, version }: { readonly format?: unknown; readonly version?: unknown } = Object(header);
  if (format !== CAPTURE_FORMAT)
    throw new Error(
      `not a capture of market-feed: the format of its header is ${JSON.stringify(format)}, not "${CAPTURE_FORMAT}"`,
    );
  if (version !== CAPTURE_VERSION)
    throw new Error(`a capture of version ${JSON.stringify(version)}; this program reads version ${CAPTURE_VERSION}`);
  return header as CaptureHeader;
}

/** Shortens a row for an error message. */
export function shortened(row: string): string {
  const text = Buffer.from(row.slice(0, 200), 'latin1').toString('utf8');
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
