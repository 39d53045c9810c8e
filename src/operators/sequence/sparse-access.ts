export interface SparseAccess<T> {
  /** The id, as a key of a set. */
  id(value: T): string;
  /** Negative, zero or positive as the id a is less than, equal to or greater than b. */
  compare(a: string, b: string): number;
  /** Venue's time, milliseconds. */
  timestamp(value: T): number;
}

/** By id, each once. */
export function sortedById<T>({ id, compare }: SparseAccess<T>, values: readonly T[]): T[] {
  const sorted = [...values].sort((a, b) => compare(id(a), id(b)));
  return sorted.filter((value, at) => {
    const before = sorted[at - 1];
    return at === 0 || before === undefined || id(value) !== id(before);
  });
}
