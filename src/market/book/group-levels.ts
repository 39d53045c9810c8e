import { type Decimal, fromUnscaled, unscaled } from '../../domain/decimal.ts';
import type { BookLevel } from '../../domain/record.ts';

/**
 * Sums the levels of each price step, exactly, best first. A group's price is a multiple of `step`: bids are rounded
 * down, asks up. Returns at most `most` groups. The last group is left out if unknown levels may belong to it.
 *
 * @throws RangeError if step is not positive.
 */
export function groupLevels(
  side: 'bids' | 'asks',
  levels: readonly BookLevel[],
  step: Decimal,
  most = Number.POSITIVE_INFINITY,
): readonly BookLevel[] {
  const size = unscaled(step);
  if (size <= 0n) throw new RangeError(`step is ${step}, but must be above 0`);
  const groups: { readonly price: bigint; quantity: bigint }[] = [];
  let last = 0n;
  for (const level of levels) {
    last = unscaled(level.price);
    const beyond = last % size;
    const price = side === 'bids' ? last - beyond : beyond === 0n ? last : last - beyond + size;
    const group = groups.at(-1);
    if (group?.price === price) group.quantity += unscaled(level.quantity);
    else if (groups.length === most) return groups.map(levelOf);
    else groups.push({ price, quantity: unscaled(level.quantity) });
  }
  const isWhole = groups.at(-1)?.price === last;
  return (isWhole ? groups : groups.slice(0, -1)).map(levelOf);
}

function levelOf({ price, quantity }: { readonly price: bigint; readonly quantity: bigint }): BookLevel {
  return { price: fromUnscaled(price), quantity: fromUnscaled(quantity) };
}
