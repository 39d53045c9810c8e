/** Number of bits that a number up to `max` needs. */
export const bitsOf = (max: number): number => 32 - Math.clz32(max);

/** Bytes of packed numbers: they are packed in groups of 8. */
export const bitPackedBytes = (count: number, width: number): number => Math.ceil(count / 8) * width;

/** Packs numbers of `width` bits without space between them. @param width at most 24 */
export function bitPacked(numbers: ArrayLike<number>, count: number, width: number): Uint8Array {
  const bytes = new Uint8Array(bitPackedBytes(count, width));
  let at = 0;
  let bits = 0;
  let used = 0;
  for (let index = 0; index < count; index++) {
    bits |= (numbers[index] ?? 0) << used;
    for (used += width; used > 7; used -= 8) {
      bytes[at++] = bits;
      bits >>>= 8;
    }
  }
  if (used > 0) bytes[at] = bits;
  return bytes;
}

/** Encodes numbers in Parquet's hybrid of run lengths and packed bits: as one run if all are the same. */
export function runLengthEncoded(numbers: ArrayLike<number>, count: number, width: number): Uint8Array {
  const first = numbers[0] ?? 0;
  let same = 1;
  while (same < count && numbers[same] === first) same++;
  if (same < count) return Buffer.concat([varint(Math.ceil(count / 8) * 2 + 1), bitPacked(numbers, count, width)]);
  const value = Array.from({ length: Math.ceil(width / 8) }, (_, byte) => (first >>> (8 * byte)) & 0xff);
  return Buffer.concat([varint(count * 2), Uint8Array.from(value)]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, rest);
}
