import { closeSync, openSync, write } from 'node:fs';
import type { EventKind } from './captures/frame-subject.ts';

const FLUSH_EVERY_MS = 50;
const CHUNK = 1 << 20;

/** Further member of a trade that a fault kept from a connection that had asked for it. */
export const WITHHELD = ',"withheld":true';

/**
 * The record of everything the market made, sent or not: NDJSON, one line an event, in the order it was made.
 * Lines are collected and written in the background; on disk at the latest 100 ms after the event, unless the disk is slower.
 */
export class Journal {
  lines = 0;
  private readonly file: number;
  private readonly timer: NodeJS.Timeout;
  private text = '';
  private readonly chunks: Buffer[] = [];
  private writing = false;
  private done: (() => void) | undefined;
  private failure: Error | undefined;

  /** @throws Error where the file cannot be opened. Starts it anew. */
  constructor(path: string) {
    this.file = openSync(path, 'w');
    this.timer = setInterval(() => this.flush(), FLUSH_EVERY_MS);
  }

  /**
   * `price` and `quantity` as on the wire, `side` of the taker (`buy`, `sell`; empty where there is none),
   * `time` in milliseconds, `sent` the numbers of the connections as JSON, `[1,2]`; `more` further members, `,"k":"v"`.
   */
  event(
    venue: string,
    symbol: string,
    kind: EventKind | 'malformed' | 'unknown',
    id: string,
    price: string,
    quantity: string,
    side: string,
    time: number,
    sent: string,
    more = '',
  ): void {
    this.text += `{"venue":"${venue}","symbol":"${symbol}","kind":"${kind}","id":"${id}","price":"${price}","quantity":"${quantity}","side":"${side}","time":${time},"sent":${sent}${more}}\n`;
    this.lines++;
    if (this.text.length > CHUNK) this.flush();
  }

  flush(): void {
    if (this.text !== '') {
      this.chunks.push(Buffer.from(this.text, 'utf8'));
      this.text = '';
    }
    this.next();
  }

  /** Writes what is left and closes the file. @throws Error where a write failed. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.flush();
    if (this.writing) await new Promise<void>((resolve) => (this.done = resolve));
    closeSync(this.file);
    if (this.failure !== undefined) throw this.failure;
  }

  private next(): void {
    if (this.writing) return;
    const [first] = this.chunks;
    if (first === undefined) {
      this.done?.();
      return;
    }
    const data = this.chunks.length === 1 ? first : Buffer.concat(this.chunks);
    this.chunks.length = 0;
    this.writing = true;
    this.write(data, 0);
  }

  private write(data: Buffer, from: number): void {
    write(this.file, data, from, data.length - from, null, (error, written) => {
      if (error === null && from + written < data.length) {
        this.write(data, from + written);
        return;
      }
      if (error !== null) this.failure ??= error;
      this.writing = false;
      this.next();
    });
  }
}
