import type { Gap } from '../domain/record.ts';
import { isMissing, nameOfGap } from '../domain/trade-id.ts';

/** Gaps that are closer than this are handled together, milliseconds: each group costs a reading of its time. */
const TOGETHER_MS = 120_000;

/** Names the series that a gap is in: the trades of a venue and symbol in an epoch. */
export function nameOfSeries({ venue, symbol, epoch }: Pick<Gap, 'venue' | 'symbol' | 'epoch'>): string {
  return `${venue} ${symbol} ${epoch}`;
}

/** The gaps in the trades, as the topic `gaps` has them. The open ones are the work of a healer. */
export class OpenGaps {
  /** The latest record of each gap, by its name. */
  readonly #gaps = new Map<string, Gap>();

  /** Notes a record of `gaps`. A gap that is repaired or healed stays so. */
  add(gap: Gap): void {
    if (gap.channel !== 'trade') return;
    const name = nameOfGap(gap);
    const known = this.#gaps.get(name);
    if (known === undefined || isMissing(known.outcome)) this.#gaps.set(name, gap);
  }

  /** The open gaps, the oldest first. */
  open(): readonly Gap[] {
    const open = this.#gaps.values().filter(({ outcome }) => isMissing(outcome));
    return [...open].sort((a, b) => a.fromTime - b.fromTime);
  }
}

/** Puts gaps in groups that lie close together in time. `gaps` are ordered by `fromTime`. */
export function groupsOf<T>(items: readonly T[], gapOf: (item: T) => Gap): readonly (readonly [T, ...T[]])[] {
  const groups: [T, ...T[]][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const { fromTime, toTime } = gapOf(item);
    const group = groups.at(-1);
    if (group === undefined || fromTime > end + TOGETHER_MS) groups.push([item]);
    else group.push(item);
    end = Math.max(end, toTime);
  }
  return groups;
}
