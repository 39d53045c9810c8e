import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { EventKind } from './captures/frame-subject.ts';
import type { TradeTexts } from './market/listing.ts';

const FLUSH_EVERY_MS = 50;
const CHUNK = 1 << 20;

/** Further member of a trade that a fault kept from a connection that had asked for it. */
export const WITHHELD = ',"withheld":true';

/** An event that a venue made. */
export interface MadeEvent {
  readonly venue: string;
  readonly symbol: string;
  readonly kind: EventKind | 'malformed' | 'unknown';
  readonly id: string;
  /** As on the wire; empty where there is none. */
  readonly price?: string;
  readonly quantity?: string;
  /** Of the taker; empty where there is none. */
  readonly side?: 'buy' | 'sell' | '';
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The numbers of the connections that it went to, as JSON, `[1,2]`. */
  readonly sent: string;
  /** Further members, `,"k":"v"`. */
  readonly more?: string;
}

/** The members of a trade in the journal. */
export function tradeEvent({ id, price, quantity, sell, time }: TradeTexts) {
  return { id, price, quantity, side: sell ? 'sell' : 'buy', time } as const;
}

/**
 * The record of everything the market made, sent or not: NDJSON, one line an event, in the order it was made.
 * Lines are collected and written in the background; on disk at the latest 100 ms after the event, unless the disk is slower.
 */
export class Journal {
  lines = 0;
  private readonly file: WriteStream;
  private readonly timer: NodeJS.Timeout;
  private text = '';

  /** @throws Error where the file cannot be opened. Starts it anew. */
  constructor(path: string) {
    this.file = createWriteStream(path, { fd: openSync(path, 'w') });
    // `close` throws it.
    this.file.on('error', () => {});
    this.timer = setInterval(() => this.flush(), FLUSH_EVERY_MS);
  }

  event({ venue, symbol, kind, id, price = '', quantity = '', side = '', time, sent, more = '' }: MadeEvent): void {
    this.text += `{"venue":"${venue}","symbol":"${symbol}","kind":"${kind}","id":"${id}","price":"${price}","quantity":"${quantity}","side":"${side}","time":${time},"sent":${sent}${more}}\n`;
    this.lines++;
    if (this.text.length > CHUNK) this.flush();
  }

  flush(): void {
    if (this.text !== '') this.file.write(this.text);
    this.text = '';
  }

  /** Writes what is left and closes the file. @throws Error where a write failed. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.flush();
    this.file.end();
    await finished(this.file);
  }
}
