/** Values in Parquet's encoding PLAIN, one after the other; but a boolean takes a whole byte. */
export interface PlainValues {
  readonly bytes: Uint8Array;
  /** The same bytes. */
  readonly view: DataView;
  /** Where the last value ends in `bytes`. */
  readonly end: number;
  readonly count: number;
  /** Bytes of each value; 0: each begins with its length. */
  readonly width: number;
}

/** Bytes of the length with which a value begins. */
export const LENGTH_BYTES = 4;

/** Returns how many bytes the value at `at` takes. */
export function sizeAt({ view, width }: PlainValues, at: number): number {
  return width > 0 ? width : LENGTH_BYTES + view.getUint32(at, true);
}
