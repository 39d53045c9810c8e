import { type CaptureFormat, PARSERS, type ParsedLine } from './capture-line.ts';
import { NEWLINE, wholeLines } from './whole-lines.ts';

/** The first line of a capture of ours. */
export interface CaptureHeader {
  readonly format: typeof CAPTURE_FORMAT;
  readonly version: typeof CAPTURE_VERSION;
  /** When the recording began, nanoseconds since 1970 as text. */
  readonly started_ns?: string;
  /** Of the randomness of retries, whole and below 2^32: a replay scatters them alike. */
  readonly seed?: number;
  /** What was recorded: coins, quote, feed, venues, order books and statistics as a configuration has them. Not checked here. */
  readonly config?: unknown;
}

export const CAPTURE_FORMAT = 'market-feed-capture';
export const CAPTURE_VERSION = 1;

const RETURN = 0x0d;

export type CaptureLine = Exclude<ParsedLine, { kind: 'nothing' | 'odd' }>;

export interface CaptureReadOptions {
  /** True: a line that is none of the format ends the reading with an error that names it; else it is passed over. */
  readonly strict?: boolean;
  /** Called with the bytes of the file read since the last call. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * The lines of one recording, read as a stream: those of each part of the file together, so that not every line waits
 * for a promise.
 * @throws Error naming file and line where it is none, and the reading is strict; where the header is wrong; and naming
 * the line after which the file cannot be read. All lines before were given then.
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

/** The same lines one by one. */
export async function* readCapture(
  file: string,
  format: CaptureFormat,
  options: CaptureReadOptions = {},
): AsyncGenerator<CaptureLine, void, undefined> {
  for await (const lines of readCaptureParts(file, format, options)) yield* lines;
}

/** The header of a capture of ours. @throws Error naming the file where it is none. */
export async function captureHeader(file: string): Promise<CaptureHeader> {
  const line = await firstLine(file);
  if (line === undefined) throw new Error(`${file}: empty, not a capture`);
  return named(file, () => readCaptureHeader(line));
}

/** Recognises a format by the first line of a file. @throws Error when it is none. */
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

/** The line without its end. */
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

/** The header that a line is. @throws Error saying what is wrong with it, without the name of the file. */
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

/** A line as an error shows it. */
export function shortened(line: string): string {
  const text = Buffer.from(line.slice(0, 200), 'latin1').toString('utf8');
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
