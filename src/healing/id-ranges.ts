/** A range of trade ids, both inclusive. */
export interface IdRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** A set of trade ids, kept as ranges. Ids that follow each other take no more memory than one. */
export class IdRanges {
  /** In order; they do not touch each other. */
  #ranges: IdRange[] = [];

  add(first: bigint, last: bigint): void {
    const ranges = this.#ranges;
    const newest = ranges.at(-1);
    // Most ids arrive in order, and where ids jump each is a range of its own: a search would visit all of them.
    if (newest !== undefined && newest.last < first - 1n) {
      ranges.push({ first, last });
      return;
    }
    const at = ranges.findIndex((range) => range.last >= first - 1n);
    if (at === -1) {
      ranges.push({ first, last });
      return;
    }
    let end = at;
    let joined = { first, last };
    for (; end < ranges.length; end++) {
      const range = ranges[end];
      if (range === undefined || range.first > last + 1n) break;
      joined = { first: least(joined.first, range.first), last: greatest(joined.last, range.last) };
    }
    ranges.splice(at, end - at, joined);
  }

  /** Returns true if at least one id of the range is in the set. */
  overlaps({ first, last }: IdRange): boolean {
    return this.#ranges.some((range) => range.first <= last && range.last >= first);
  }

  /** Returns the parts of a range whose ids are not in the set, in order. */
  missingIn({ first, last }: IdRange): readonly IdRange[] {
    const missing: IdRange[] = [];
    let next = first;
    for (const range of this.#ranges) {
      if (range.last < next) continue;
      if (range.first > last) break;
      if (range.first > next) missing.push({ first: next, last: range.first - 1n });
      next = range.last + 1n;
    }
    if (next <= last) missing.push({ first: next, last });
    return missing;
  }

  /** Returns how many ids of a range are in the set. */
  countIn(range: IdRange): number {
    const missing = this.missingIn(range).reduce((sum, part) => sum + part.last - part.first + 1n, 0n);
    return Number(range.last - range.first + 1n - missing);
  }
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const greatest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
