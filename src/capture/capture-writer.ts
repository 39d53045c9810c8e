import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { constants, createGzip, type Gzip } from 'node:zlib';
import type { RawFrame } from '../domain/venue-event.ts';
import { BRACE, BRACKET, type CaptureMark, captureMarkText } from './capture-row.ts';
import { CAPTURE_FORMAT, CAPTURE_VERSION, type CaptureHeader } from './read-capture.ts';
import { NEWLINE } from './whole-rows.ts';

export interface CaptureWriterOptions {
  readonly startedMicros: number;
  /** Written to the header, like `config`. */
  readonly seed?: number;
  readonly config?: unknown;
  /** Bytes that may wait for the disk; 256 MiB by default. With more, the capture fails: a venue cannot be slowed down. */
  readonly maxWaitingBytes?: number;
  /** Called once if the capture fails. */
  readonly onFailed?: (error: Error) => void;
}

const BLOCK_BYTES = 64 * 1024;
const NEWLINE_BYTES = Buffer.from([NEWLINE]);
const RETURN = 0x0d;

/**
 * Writes a capture. After each `flush` the file is readable up to there, even if the process is killed. Callers never
 * wait for the disk, and memory is bounded.
 */
export class CaptureWriter {
  readonly #gzip: Gzip;
  readonly #file: WriteStream;
  readonly #maxWaitingBytes: number;
  readonly #onFailed: (error: Error) => void;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #flushing = false;
  #failed: Error | undefined;
  /** Rows written, without the header. */
  rows = 0;
  frames = 0;

  private constructor(file: WriteStream, options: CaptureWriterOptions) {
    this.#file = file;
    this.#gzip = createGzip();
    this.#maxWaitingBytes = options.maxWaitingBytes ?? 256 * 2 ** 20;
    this.#onFailed = options.onFailed ?? (() => {});
    file.on('error', (error) => this.#fail(error));
    this.#gzip.on('error', (error) => this.#fail(error));
    this.#gzip.pipe(file);
    const header: CaptureHeader = {
      format: CAPTURE_FORMAT,
      version: CAPTURE_VERSION,
      started_ns: `${options.startedMicros}000`,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.config === undefined ? {} : { config: options.config }),
    };
    this.#put(Buffer.from(`${JSON.stringify(header)}\n`));
  }

  /** Creates a new file. @throws the system's error, EEXIST if the file exists */
  static async create(path: string, options: CaptureWriterOptions): Promise<CaptureWriter> {
    const file = createWriteStream(path, { flags: 'wx' });
    await once(file, 'open');
    return new CaptureWriter(file, options);
  }

  /** Bytes in the file. */
  get bytes(): number {
    return this.#file.bytesWritten;
  }

  frame(connection: string, { data, binary, receivedAt }: RawFrame): void {
    this.frames++;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const escaped = () => Buffer.from(`! ${binary ? 'binary' : 'text'} ${bytes.toString('base64')}`, 'latin1');
    this.#writeRow(receivedAt, connection, !binary && isPlain(bytes) ? bytes : escaped());
  }

  mark(connection: string, atMicros: number, mark: CaptureMark): void {
    this.#writeRow(atMicros, connection, Buffer.from(captureMarkText(mark)));
  }

  /** Starts to write everything to the file. Call it every second. */
  flush(): void {
    if (this.#failed !== undefined || this.#flushing) return;
    this.#writeBlock();
    this.#flushing = true;
    this.#gzip.flush(constants.Z_SYNC_FLUSH, () => {
      this.#flushing = false;
    });
  }

  /** Completes the file. @throws the error that made it incomplete */
  async close(): Promise<void> {
    if (this.#failed === undefined) {
      this.#writeBlock();
      this.#gzip.end();
      await once(this.#file, 'close').catch((error: Error) => this.#fail(error));
    }
    if (this.#failed !== undefined) throw this.#failed;
  }

  #writeRow(atMicros: number, connection: string, bytes: Buffer): void {
    this.rows++;
    this.#put(Buffer.from(`${Math.trunc(atMicros)}000 ${connection} `, 'latin1'));
    this.#put(bytes);
    this.#put(NEWLINE_BYTES);
    if (this.#waitingBytes >= BLOCK_BYTES) this.#writeBlock();
  }

  #put(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #writeBlock(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (waiting.length === 0 || this.#failed !== undefined) return;
    this.#gzip.write(Buffer.concat(waiting));
    if (this.#gzip.writableLength > this.#maxWaitingBytes)
      this.#fail(new Error(`more than ${this.#maxWaitingBytes} bytes wait for the disk`));
  }

  #fail(error: Error): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    this.#gzip.destroy();
    this.#file.destroy();
    this.#onFailed(error);
  }
}

/** Returns true if the frame can be a row: JSON by its first character, without line breaks, valid UTF-8. */
function isPlain(bytes: Buffer): boolean {
  const first = bytes[0];
  if (first !== BRACE && first !== BRACKET) return false;
  return !bytes.includes(NEWLINE) && !bytes.includes(RETURN) && isUtf8(bytes);
}
