import { type CaptureFormat, PARSERS, type ParsedLine } from './capture-line.ts';
import { NEWLINE, wholeLines } from './whole-lines.ts';

/** The first line of a capture in our format. */
export interface CaptureHeader {
  readonly format: typeof CAPTURE_FORMAT;
  readonly version: typeof CAPTURE_VERSION;
  /** When the recording started, nanoseconds since 1970 as text. */
  readonly started_ns?: string;
  /** Seed of the random retry delays, an integer below 2^32. A replay repeats them. */
  readonly seed?: number;
  /** The configuration of coins, quote, feed, venues, order books and statistics. Not checked here. */
  readonly config?: unknown;
}

export const CAPTURE_FORMAT = 'market-feed-capture';
export const CAPTURE_VERSION = 1;

const RETURN = 0x0d;

export type CaptureLine = Exclude<ParsedLine, { kind: 'nothing' | 'odd' }>;

export interface CaptureReadOptions {
  /** True: a line that is not of the format is an error. False: it is skipped. */
  readonly strict?: boolean;
  /** Called with the number of file bytes read since the last call. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * Reads the lines of one recording as a stream. It yields many lines at once, so that not every line waits for a promise.
 * @throws Error naming file and line if a line (with `strict`) or the header is wrong, or the file cannot be read further.
 * It yields all lines before that first.
 */
export async function* readCaptureParts(
  file: string,
  format: CaptureFormat,
  { strict = false, onRead }: CaptureReadOptions = {},
): AsyncGenerator<readonly CaptureLine[], void, undefined> {
  const parse = PARSERS[format];
  let number = 0;
  for await (const whole of wholeLines(file, onRead)) {
    const lines: CaptureLine[] = [];
    for (let start = 0, end = 0; start < whole.length; start = end + 1) {
      end = whole.indexOf(NEWLINE, start);
      const text = lineOf(whole, start, end);
      if (++number === 1 && format === 'market-feed') {
        named(file, () => readCaptureHeader(text.toString('latin1')));
        continue;
      }
      const line = parse(text);
      if (line.kind === 'odd') {
        if (!strict) continue;
        if (lines.length > 0) yield lines;
        throw new Error(`${file}:${number}: not a line of a ${format} capture: ${shortened(text.toString('latin1'))}`);
      }
      if (line.kind !== 'nothing') lines.push(line);
    }
    if (lines.length > 0) yield lines;
  }
}

/** Reads the lines one by one; see `readCaptureParts`. */
export async function* readCapture(
  file: string,
  format: CaptureFormat,
  options: CaptureReadOptions = {},
): AsyncGenerator<CaptureLine, void, undefined> {
  for await (const lines of readCaptureParts(file, format, options)) yield* lines;
}

/** Reads the header of a capture in our format. @throws Error naming the file if it has none */
export async function captureHeader(file: string): Promise<CaptureHeader> {
  const line = await firstLine(file);
  if (line === undefined) throw new Error(`${file}: empty, not a capture`);
  return named(file, () => readCaptureHeader(line));
}

/** Recognises the format by the first line of a file. @throws Error if it is unknown */
export async function detectFormat(file: string): Promise<CaptureFormat> {
  const line = (await firstLine(file)) ?? '';
  if (/^\d{13,} \{/.test(line)) return 'hftbacktest';
  if (/^\d+\.\d+: /.test(line) || line.startsWith('configuration: ') || / (<->|->) \d+\.\d+/.test(line))
    return 'cryptofeed';
  if (
    /^\{.*"(stream|topic|e|op|success|u|lastUpdateId)":/s.test(line) &&
    !/^\{"(market|format|version|capture)/.test(line)
  )
    return 'ndjson';
  if (line.startsWith('{')) return 'market-feed';
  throw new Error(`${file}: not a capture of a known format (market-feed, hftbacktest, ndjson, cryptofeed)`);
}

async function firstLine(file: string): Promise<string | undefined> {
  for await (const whole of wholeLines(file)) return lineOf(whole, 0, whole.indexOf(NEWLINE)).toString('latin1');
  return undefined;
}

/** The line without its line break. */
function lineOf(whole: Buffer, start: number, end: number): Buffer {
  return whole.subarray(start, end > start && whole[end - 1] === RETURN ? end - 1 : end);
}

function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Parses a line as a header. @throws Error with the reason, without the name of the file */
export function readCaptureHeader(line: string): CaptureHeader {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'));
  } catch {
    throw new Error(`not a capture of market-feed: its first line is no JSON header: ${shortened(line)}`);
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

/** A line, shortened for an error message. */
export function shortened(line: string): string {
  const text = Buffer.from(line.slice(0, 200), 'latin1').toString('utf8');
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
