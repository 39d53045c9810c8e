import { createHash } from 'node:crypto';
import type { TradeFields } from '../../domain/record.ts';

const COMMA = 44;
const POINT = 46;
const LINE_FEED = 10;
const ZERO = 48;

const CHUNK_BYTES = 8192;
/** The longest line: an id of 39 characters, two decimals of 40, a side, a time and the separators. */
const LINE_BYTES = 160;

/** The part of a trade that its line has. */
export type TradeLine = Pick<TradeFields, 'tradeId' | 'price' | 'quantity' | 'isBuyerMaker' | 'timestamp'>;

/**
 * Hashes trades as `Audit.hash` says: SHA-256 over the lines `trade_id,price,quantity,side,timestamp`, each with a line
 * feed. Timestamps are at least 1,000 ms.
 *
 * It writes bytes, because joining texts costs twice as much. It reads the decimals' digits while it writes them,
 * because reading them again would cost as much as the hash.
 */
export class TradeLines {
  /** Digits and decimal places of the last line's price and quantity. The digits are exact if they are a safe integer. */
  priceDigits = 0;
  pricePlaces = 0;
  quantityDigits = 0;
  quantityPlaces = 0;
  readonly #hash = createHash('sha256');
  /** Lines that are not hashed yet. Released by `digest`, because settled minutes are kept for a while. */
  #chunk: Uint8Array | undefined;
  #length = 0;
  #second = 0;
  #secondText = '0';

  add({ tradeId, price, quantity, isBuyerMaker, timestamp }: TradeLine): void {
    if (this.#length > CHUNK_BYTES - LINE_BYTES) this.#flush();
    this.#chunk ??= new Uint8Array(CHUNK_BYTES);
    const chunk = this.#chunk;
    let at = writeText(chunk, this.#length, tradeId);
    chunk[at++] = COMMA;
    at = writeDecimal(chunk, at, price);
    this.priceDigits = digits;
    this.pricePlaces = places;
    chunk[at++] = COMMA;
    at = writeDecimal(chunk, at, quantity);
    this.quantityDigits = digits;
    this.quantityPlaces = places;
    at = writeText(chunk, at, isBuyerMaker ? ',sell,' : ',buy,');
    const second = Math.floor(timestamp / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = `${second}`;
    }
    at = writeText(chunk, at, this.#secondText);
    at = writeThousandth(chunk, at, timestamp - second * 1000);
    chunk[at++] = LINE_FEED;
    this.#length = at;
  }

  /** Returns the hash of the lines so far, lower-case hexadecimal. */
  digest(): string {
    this.#flush();
    this.#chunk = undefined;
    return this.#hash.copy().digest('hex');
  }

  #flush(): void {
    if (this.#chunk !== undefined) this.#hash.update(this.#chunk.subarray(0, this.#length));
    this.#length = 0;
  }
}

/** Writes ASCII characters. Returns the index after them. */
function writeText(chunk: Uint8Array, from: number, text: string): number {
  const { length } = text;
  for (let at = 0; at < length; at++) chunk[from + at] = text.charCodeAt(at);
  return from + length;
}

/** Digits and decimal places of the last written decimal, as variables, because a result would be an object. */
let digits = 0;
let places = 0;

/** Writes a decimal that is not negative. Returns the index after it. */
function writeDecimal(chunk: Uint8Array, from: number, text: string): number {
  const { length } = text;
  let value = 0;
  let point = length - 1;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    chunk[from + at] = code;
    if (code === POINT) point = at;
    else value = value * 10 + (code - ZERO);
  }
  digits = value;
  places = length - 1 - point;
  return from + length;
}

/** Writes three digits. Returns the index after them. */
function writeThousandth(chunk: Uint8Array, at: number, value: number): number {
  const hundreds = (value / 100) | 0;
  const rest = value - hundreds * 100;
  const tens = (rest / 10) | 0;
  chunk[at] = ZERO + hundreds;
  chunk[at + 1] = ZERO + tens;
  chunk[at + 2] = ZERO + rest - tens * 10;
  return at + 3;
}
