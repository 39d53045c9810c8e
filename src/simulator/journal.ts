import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { EventKind } from './captures/frame-subject.ts';
import type { TradeTexts } from './market/simulated-instrument.ts';

const FLUSH_EVERY_MS = 50;
const CHUNK = 1 << 20;

/** Journal field of an event that a fault withheld from at least one connection. */
export const WITHHELD = ',"withheld":true';

/** An event that a venue made. */
export interface MadeEvent {
  readonly venue: string;
  readonly symbol: string;
  readonly kind: EventKind | 'malformed' | 'unknown';
  readonly id: string;
  /** The price as on the wire; empty: none. */
  readonly price?: string;
  readonly quantity?: string;
  /** The taker's side; empty: none. */
  readonly side?: 'buy' | 'sell' | '';
  /** When the venue made the event, milliseconds since 1970. */
  readonly time: number;
  /** The numbers of the connections that the event reached, as JSON: `[1,2]`. */
  readonly sent: string;
  /** Further fields as JSON that begins with a comma: `,"k":"v"`. */
  readonly more?: string;
}

/** The fields of a trade in the journal. */
export function tradeEvent({ id, price, quantity, sell, time }: TradeTexts) {
  return { id, price, quantity, side: sell ? 'sell' : 'buy', time } as const;
}

/**
 * Writes all events of the venues, sent or not, to a file, in order: one JSON object a row. It writes in the background,
 * within 100 ms unless the disk is slower.
 */
export class Journal {
  events = 0;
  private readonly file: WriteStream;
  private readonly timer: NodeJS.Timeout;
  private text = '';

  /** Replaces an existing file. @throws Error if the file cannot be opened */
  constructor(path: string) {
    this.file = createWriteStream(path, { fd: openSync(path, 'w') });
    // Nothing to do here, because `close` throws the error.
    this.file.on('error', () => {});
    this.timer = setInterval(() => this.flush(), FLUSH_EVERY_MS);
  }

  event({ venue, symbol, kind, id, price = '', quantity = '', side = '', time, sent, more = '' }: MadeEvent): void {
    this.text += `{"venue":"${venue}","symbol":"${symbol}","kind":"${kind}","id":"${id}","price":"${price}","quantity":"${quantity}","side":"${side}","time":${time},"sent":${sent}${more}}\n`;
    this.events++;
    if (this.text.length > CHUNK) this.flush();
  }

  flush(): void {
    if (this.text !== '') this.file.write(this.text);
    this.text = '';
  }

  /** Writes the remaining events and closes the file. @throws Error if a write failed */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.flush();
    this.file.end();
    await finished(this.file);
  }
}
