/** Bits of an integer's first bytes that fit 32-bit shifts. */
const SHIFTED_BITS = 28;

/** Reads the primitive values of Avro's binary encoding, one after the other. */
export class AvroInput {
  readonly bytes: Buffer;
  /** Offset of the next byte. */
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Reads an integer. @throws Error if a number cannot represent it exactly */
  readLong(): number {
    const { bytes } = this;
    let at = this.at;
    let byte = bytes[at++] ?? 0;
    let low = byte & 0x7f;
    for (let shift = 7; byte > 0x7f && shift < SHIFTED_BITS; shift += 7) {
      byte = bytes[at++] ?? 0;
      low |= (byte & 0x7f) << shift;
    }
    // The lowest bit is the sign.
    let magnitude = low >>> 1;
    for (let factor = 2 ** (SHIFTED_BITS - 1); byte > 0x7f; factor *= 128) {
      byte = bytes[at++] ?? 0;
      magnitude += (byte & 0x7f) * factor;
    }
    this.at = at;
    if (magnitude > Number.MAX_SAFE_INTEGER) throw new Error('an integer of more than 53 bits');
    return (low & 1) === 0 ? magnitude : -magnitude - 1;
  }

  /** Reads how many bytes follow. @throws Error if there are fewer */
  readLength(): number {
    const length = this.readLong();
    if (length < 0 || length > this.bytes.length - this.at) throw new Error('truncated');
    return length;
  }

  /** Reads a text. @throws Error as `readLength` */
  readText(): string {
    const length = this.readLength();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  /** Reads the number of items in the next block of an array or map; 0: no block follows. @throws Error as `readLength` */
  readBlockCount(): number {
    const count = this.readLong();
    // A negative count is followed by the block's size.
    if (count < 0) this.readLong();
    if (Math.abs(count) > this.bytes.length - this.at) throw new Error('truncated');
    return Math.abs(count);
  }
}
