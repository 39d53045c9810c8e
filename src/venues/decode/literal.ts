export const WORD = 4;
export const LONG = 2 * WORD;

/**
 * An ASCII text, compared with a frame's bytes eight at a time as floating-point numbers. Eight ASCII characters are
 * never zero or NaN, so the numbers are equal exactly when the bytes are.
 */
export class Literal {
  readonly length: number;
  readonly bytes: Uint8Array;
  /** Little-endian, eight bytes each. The last one ends with the text and may repeat bytes; of fewer than eight there is none. */
  readonly longs: readonly number[];
  /** The first and the last four bytes, where there are as many. */
  readonly first: number;
  readonly last: number;

  constructor(text: string) {
    this.bytes = Buffer.from(text, 'latin1');
    this.length = text.length;
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.length);
    const longs: number[] = [];
    if (this.length >= LONG) {
      for (let at = 0; at + LONG < this.length; at += LONG) longs.push(view.getFloat64(at, true));
      longs.push(view.getFloat64(this.length - LONG, true));
    }
    this.longs = longs;
    const hasWord = this.length >= WORD;
    this.first = hasWord ? view.getInt32(0, true) : 0;
    this.last = hasWord ? view.getInt32(this.length - WORD, true) : 0;
  }
}

/** Such a text. */
export function ascii(text: string): Literal {
  return new Literal(text);
}
