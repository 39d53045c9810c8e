import { errorCode } from '../domain/fault.ts';
import { inflateFile } from './inflate-file.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NONE = Buffer.alloc(0);

/**
 * The lines of one file, gzipped or not, as bytes: one after the other from what is in memory, and the next part of the
 * file is read meanwhile. No more than that is in memory, and a line that goes over several parts.
 */
export class FileLines {
  /** The line that `next` came to is `bytes` from `start` to `end`, without its end. */
  bytes: Buffer = NONE;
  start = 0;
  end = 0;
  /** Lines so far. */
  number = 0;
  readonly #file: string;
  readonly #parts: AsyncGenerator<Buffer>;
  #coming: Promise<IteratorResult<Buffer>>;
  #part: Buffer = NONE;
  #at = 0;
  /** A line that began in the parts before. */
  #begun: Buffer[] = [];
  #isOver = false;

  /** `onRead` is called with the bytes of the file read since the last call. */
  constructor(file: string, onRead: (bytes: number) => void = () => {}) {
    this.#file = file;
    this.#parts = inflateFile(file, onRead);
    this.#coming = this.#ask();
  }

  /** Comes to the next line of those in memory; false: `more` has to read on. */
  next(): boolean {
    const end = this.#part.indexOf(NEWLINE, this.#at);
    if (end === -1) return false;
    if (this.#begun.length === 0) {
      this.bytes = this.#part;
      this.start = this.#at;
      this.end = end;
    } else {
      this.#comeTo(Buffer.concat([...this.#begun, this.#part.subarray(0, end)]));
      this.#begun = [];
    }
    this.#at = end + 1;
    this.#take();
    return true;
  }

  /**
   * Reads on; false at the end of the file, where `next` has a last line without its end, if there is one.
   * @throws Error naming the file, and the line after which it cannot be read; what could be read was given before.
   */
  async more(): Promise<boolean> {
    if (this.#isOver) return false;
    if (this.#at < this.#part.length) this.#begun.push(this.#part.subarray(this.#at));
    this.#part = NONE;
    this.#at = 0;
    const { done, value } = await this.#coming.catch((error: unknown) => this.#fail(error));
    if (done !== true) {
      this.#part = value;
      this.#coming = this.#ask();
      return true;
    }
    this.#isOver = true;
    // A last line without its end counts where the file itself is whole.
    if (this.#begun.length > 0) this.#begun.push(Buffer.from([NEWLINE]));
    this.#part = Buffer.concat(this.#begun);
    this.#begun = [];
    return this.#part.length > 0;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#parts.return(undefined);
  }

  #ask(): Promise<IteratorResult<Buffer>> {
    const coming = this.#parts.next();
    // Who reads on hears of an error; whoever does not come so far has nothing to do with it.
    coming.catch(() => {});
    return coming;
  }

  #comeTo(line: Buffer): void {
    this.bytes = line;
    this.start = 0;
    this.end = line.length;
  }

  #take(): void {
    this.number++;
    if (this.end > this.start && this.bytes[this.end - 1] === RETURN) this.end--;
  }

  #fail(error: unknown): never {
    const message = error instanceof Error ? error.message : String(error);
    // Said of a file that a killed process left, and of one that was cut.
    const torn = errorCode(error) === 'Z_BUF_ERROR';
    const where = this.number === 0 ? '' : `, after line ${this.number}`;
    const what = torn ? `torn${where} (${message})` : `${message}${where}`;
    throw new Error(`${this.#file}: ${what}`, { cause: error });
  }
}
