import { type CaptureHeader, readCaptureHeader, shortened } from './capture-header.ts';
import { type CaptureFormat, PARSERS, type ParsedLine } from './capture-line.ts';
import { FileLines } from './file-lines.ts';
import { FrameLineScanner } from './scan-frame.ts';

export type CaptureLine = Exclude<ParsedLine, { kind: 'nothing' | 'odd' }>;

export interface CaptureReadOptions {
  /** True: a line that is none of the format ends the reading with an error that names it; else it is passed over. */
  readonly strict?: boolean;
  /** Called with the bytes of the file read since the last call. */
  readonly onRead?: (bytes: number) => void;
}

/** The lines of one recording, read as a stream. Nothing waits for a promise but what the file itself is waited for. */
export class CaptureReader {
  readonly #file: string;
  readonly #format: CaptureFormat;
  readonly #strict: boolean;
  readonly #lines: FileLines;
  readonly #scanner = new FrameLineScanner();

  constructor(file: string, format: CaptureFormat, { strict = false, onRead }: CaptureReadOptions = {}) {
    this.#file = file;
    this.#format = format;
    this.#strict = strict;
    this.#lines = new FileLines(file, onRead);
  }

  /**
   * The next line of those in memory; undefined: `more` has to read on.
   * @throws Error naming file and line where it is none, and the reading is strict, or where the header is wrong.
   */
  next(): CaptureLine | undefined {
    const lines = this.#lines;
    while (lines.next()) {
      if (lines.number === 1 && this.#format === 'market-feed') {
        named(this.#file, () => readCaptureHeader(textOf(lines)));
        continue;
      }
      const line = this.#parsed();
      if (line.kind === 'odd') {
        if (this.#strict) {
          const what = `not a line of a ${this.#format} capture: ${shortened(textOf(lines))}`;
          throw new Error(`${this.#file}:${lines.number}: ${what}`);
        }
      } else if (line.kind !== 'nothing') return line;
    }
    return undefined;
  }

  /**
   * Reads on; false: that was all.
   * @throws Error naming the file, and the line after which it cannot be read; `next` gave what could be read before.
   */
  more(): Promise<boolean> {
    return this.#lines.more();
  }

  close(): Promise<void> {
    return this.#lines.close();
  }

  #parsed(): ParsedLine {
    const { bytes, start, end } = this.#lines;
    const frame = this.#format === 'market-feed' ? this.#scanner.scan(bytes, start, end) : undefined;
    return frame ?? PARSERS[this.#format](textOf(this.#lines));
  }
}

/** The same lines to iterate over. @throws Error as the reader does, after everything that could be read. */
export async function* readCapture(
  file: string,
  format: CaptureFormat,
  options: CaptureReadOptions = {},
): AsyncGenerator<CaptureLine> {
  const reader = new CaptureReader(file, format, options);
  try {
    do {
      for (let line = reader.next(); line !== undefined; line = reader.next()) yield line;
    } while (await reader.more());
  } finally {
    await reader.close();
  }
}

/** The header of a capture of ours. @throws Error naming the file where it is none. */
export async function captureHeader(file: string): Promise<CaptureHeader> {
  const line = await firstLine(file);
  if (line === undefined) throw new Error(`${file}: empty, not a capture`);
  return named(file, () => readCaptureHeader(line));
}

/** Tells a format by the first line of a file. @throws Error where it is none. */
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
  const lines = new FileLines(file);
  try {
    while (!lines.next()) if (!(await lines.more())) return undefined;
    return textOf(lines);
  } finally {
    await lines.close();
  }
}

function textOf({ bytes, start, end }: FileLines): string {
  return bytes.toString('latin1', start, end);
}

function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
