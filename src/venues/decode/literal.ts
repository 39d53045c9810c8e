export const WORD = 4;
export const LONG = 2 * WORD;

/**
 * ASCII text that is compared eight bytes at a time, as doubles. Eight ASCII characters are never zero or NaN, so two
 * doubles are equal exactly if their bytes are equal.
 */
export class Literal {
  readonly length: number;
  readonly bytes: Uint8Array;
  /**
   * The text in doubles of eight bytes, little-endian; empty for shorter texts. The last double ends with the text and
   * may repeat bytes of the double before.
   */
  readonly longs: readonly number[];
  /** The first and last four bytes; 0 if the text is shorter. */
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

export function ascii(text: string): Literal {
  return new Literal(text);
}
