import { type CaptureHeader, readHeader, shortened } from './capture-header.ts';
import { type CaptureFormat, PARSERS, type ParsedLine } from './capture-line.ts';
import { inflateFile } from './inflate-file.ts';

export type CaptureLine = Exclude<ParsedLine, { kind: 'nothing' | 'odd' }>;

export interface ReadOptions {
  /** True: a line that is none of the format ends the reading with an error that names it; else it is passed over. */
  readonly strict?: boolean;
  /** Called with the bytes of the file read since the last call. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * The lines of one file, gzipped or not, read as a stream.
 * @throws Error naming the file, and the line where it is one: after everything that could be read.
 */
export async function* readCapture(
  file: string,
  format: CaptureFormat,
  { strict = false, onRead = () => {} }: ReadOptions = {},
): AsyncGenerator<CaptureLine> {
  const parse = PARSERS[format];
  let number = 0;
  for await (const line of rawLines(file, onRead)) {
    number++;
    if (number === 1 && format === 'market-feed') {
      named(file, () => readHeader(line));
      continue;
    }
    const parsed = parse(line);
    if (parsed.kind === 'odd') {
      if (strict) throw new Error(`${file}:${number}: not a line of a ${format} capture: ${shortened(line)}`);
    } else if (parsed.kind !== 'nothing') yield parsed;
  }
}

/** The header of a capture of ours. @throws Error naming the file where it is none. */
export async function captureHeader(file: string): Promise<CaptureHeader> {
  for await (const line of rawLines(file, () => {})) return named(file, () => readHeader(line));
  throw new Error(`${file}: empty, not a capture`);
}

/** Tells a format by the first line of a file. @throws Error where it is none. */
export async function detectFormat(file: string): Promise<CaptureFormat> {
  for await (const line of rawLines(file, () => {})) {
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

/** A last line without its end counts where the file itself is whole. */
async function* rawLines(file: string, onRead: (bytes: number) => void): AsyncGenerator<string> {
  let rest = '';
  let number = 0;
  try {
    for await (const chunk of inflateFile(file, onRead)) {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        number++;
        yield line.endsWith('\r') ? line.slice(0, -1) : line;
      }
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const { code } = Object(error) as { code?: string };
    // Said of a file that a killed process left, and of one that was cut.
    const torn = code === 'Z_BUF_ERROR';
    const where = number === 0 ? '' : `, after line ${number}`;
    throw new Error(torn ? `${file}: torn${where} (${message})` : `${file}: ${message}${where}`, { cause: error });
  }
  if (rest !== '') yield rest;
}

function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
