import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { constants, createGzip, type Gzip } from 'node:zlib';
import type { RawFrame } from '../domain/venue-event.ts';
import { BRACE, BRACKET, type CaptureMark, captureMarkText } from './capture-line.ts';
import { CAPTURE_FORMAT, CAPTURE_VERSION, type CaptureHeader } from './read-capture.ts';
import { NEWLINE } from './whole-lines.ts';

export interface CaptureWriterOptions {
  readonly startedMicros: number;
  /** As in the header. */
  readonly seed?: number;
  /** What is recorded, as it stands in the header. */
  readonly config?: unknown;
  /** Bytes that may wait for the disk; 256 MiB by default. More, and the capture has failed: a venue cannot be slowed down. */
  readonly maxWaitingBytes?: number;
  /** Called once when nothing more can be written. */
  readonly onFailed?: (error: Error) => void;
}

const BLOCK_BYTES = 64 * 1024;
const NEWLINE_BYTES = Buffer.from([NEWLINE]);
const RETURN = 0x0d;

/**
 * Writes a capture: what is handed in is in the file at the next `flush` at the latest, whole and readable up to there
 * whatever becomes of the process. Nothing waits for the disk, in bounded memory.
 */
export class CaptureWriter {
  readonly #gzip: Gzip;
  readonly #file: WriteStream;
  readonly #maxWaitingBytes: number;
  readonly #onFailed: (error: Error) => void;
  /** What waits for the next block. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #flushing = false;
  #failed: Error | undefined;
  /** Lines handed in, without the header. */
  lines = 0;
  /** Of the lines those that are frames. */
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

  /** Begins a new file. @throws the system's error where it cannot, EEXIST where there is one of that name. */
  static async create(path: string, options: CaptureWriterOptions): Promise<CaptureWriter> {
    const file = createWriteStream(path, { flags: 'wx' });
    await once(file, 'open');
    return new CaptureWriter(file, options);
  }

  /** Bytes that are in the file. */
  get bytes(): number {
    return this.#file.bytesWritten;
  }

  frame(connection: string, { data, binary, receivedAt }: RawFrame): void {
    this.frames++;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const isLine = !binary && isPlain(bytes);
    this.#line(
      receivedAt,
      connection,
      isLine ? bytes : Buffer.from(`! ${binary ? 'binary' : 'text'} ${bytes.toString('base64')}`, 'latin1'),
    );
  }

  mark(connection: string, atMicros: number, mark: CaptureMark): void {
    this.#line(atMicros, connection, Buffer.from(captureMarkText(mark)));
  }

  /** Brings everything to the file, on its way at least. To be called every second. */
  flush(): void {
    if (this.#failed !== undefined || this.#flushing) return;
    this.#writeBlock();
    this.#flushing = true;
    this.#gzip.flush(constants.Z_SYNC_FLUSH, () => {
      this.#flushing = false;
    });
  }

  /** Ends the file. @throws the error that kept something out of it. */
  async close(): Promise<void> {
    if (this.#failed === undefined) {
      this.#writeBlock();
      this.#gzip.end();
      await once(this.#file, 'close').catch((error: Error) => this.#fail(error));
    }
    if (this.#failed !== undefined) throw this.#failed;
  }

  #line(atMicros: number, connection: string, bytes: Buffer): void {
    this.lines++;
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

/** True where the frame can be a line as it is: JSON by its first character, one line, valid UTF-8. */
function isPlain(bytes: Buffer): boolean {
  const first = bytes[0];
  if (first !== BRACE && first !== BRACKET) return false;
  return !bytes.includes(NEWLINE) && !bytes.includes(RETURN) && isUtf8(bytes);
}
