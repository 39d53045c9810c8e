import type { StoredType } from './column.ts';
import { LENGTH_BYTES, type PlainValues, sizeAt } from './plain-values.ts';

/** Longer texts are no bounds: they would make the footer large. */
const MAX_BYTES = 256;

type Compare = (view: DataView, a: number, b: number) => number;

const texts: Compare = (view, a, b) => {
  const [endA, endB] = [a + LENGTH_BYTES + view.getUint32(a, true), b + LENGTH_BYTES + view.getUint32(b, true)];
  let [atA, atB] = [a + LENGTH_BYTES, b + LENGTH_BYTES];
  while (atA < endA && atB < endB) {
    const difference = view.getUint8(atA++) - view.getUint8(atB++);
    if (difference !== 0) return difference;
  }
  return endA - atA - (endB - atB);
};

const decimals: Compare = (view, a, b) =>
  view.getInt32(a) - view.getInt32(b) ||
  view.getUint32(a + 4) - view.getUint32(b + 4) ||
  view.getUint32(a + 8) - view.getUint32(b + 8) ||
  view.getUint32(a + 12) - view.getUint32(b + 12);

const longs: Compare = (view, a, b) =>
  view.getInt32(a + 4, true) - view.getInt32(b + 4, true) || view.getUint32(a, true) - view.getUint32(b, true);

/** The bits of doubles have the order of integers, but reversed if both are negative. NaN comes first or last. */
const doubles: Compare = (view, a, b) =>
  view.getInt8(a + 7) < 0 && view.getInt8(b + 7) < 0 ? longs(view, b, a) : longs(view, a, b);

const COMPARE: Readonly<Record<StoredType, Compare>> = {
  BOOLEAN: (view, a, b) => view.getUint8(a) - view.getUint8(b),
  INT32: (view, a, b) => view.getInt32(a, true) - view.getInt32(b, true),
  INT64: longs,
  DOUBLE: doubles,
  BYTE_ARRAY: texts,
  FIXED_LEN_BYTE_ARRAY: decimals,
};

/** A reader may not see the sign of a zero. So a zero is −0 as the lowest value, and +0 as the highest one. */
const NEGATIVE_ZERO = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80);
const POSITIVE_ZERO = new Uint8Array(8);

export interface Bounds {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
}

/** Returns the lowest and highest value as statistics have them; undefined: there is none, or one cannot be a bound. */
export function boundsOf(values: PlainValues, stored: StoredType): Bounds | undefined {
  const { view, count } = values;
  const compare = COMPARE[stored];
  let minAt = 0;
  let maxAt = 0;
  for (let row = 0, at = 0; row < count; row++) {
    if (compare(view, at, maxAt) > 0) maxAt = at;
    else if (compare(view, at, minAt) < 0) minAt = at;
    at += sizeAt(values, at);
  }
  const canBeBound = (at: number): boolean =>
    sizeAt(values, at) <= MAX_BYTES + LENGTH_BYTES && !(stored === 'DOUBLE' && Number.isNaN(view.getFloat64(at, true)));
  if (count === 0 || !canBeBound(minAt) || !canBeBound(maxAt)) return undefined;
  const isZero = (at: number): boolean => stored === 'DOUBLE' && view.getFloat64(at, true) === 0;
  return {
    min: isZero(minAt) ? NEGATIVE_ZERO : valueAt(values, minAt),
    max: isZero(maxAt) ? POSITIVE_ZERO : valueAt(values, maxAt),
  };
}

const valueAt = (values: PlainValues, at: number): Uint8Array =>
  values.bytes.subarray(at + (values.width === 0 ? LENGTH_BYTES : 0), at + sizeAt(values, at));
