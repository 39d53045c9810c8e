import { Observable, type OperatorFunction } from 'rxjs';
import { listen } from './listen.ts';

export interface RollingStatsOptions<T, A> {
  /** How many values of a key count at most; a whole number above 0. */
  readonly size: number;
  /** Only values younger than `spanMs` against the key's newest count. Default: however old. Needs `timestampOf`. */
  readonly spanMs?: number;
  /** Event time, milliseconds. */
  timestampOf?(value: T): number;
  /** Each key has values of its own. */
  keyOf(value: T): string;
  /** A new key's accumulator. */
  create(key: string): A;
  /** The accumulator with the value in it: the same object or a new one. */
  add(accumulator: A, value: T): A;
  /** The accumulator without a value that was added: the same object or a new one. */
  remove(accumulator: A, value: T): A;
}

/** What counts of a key after a value. */
export interface Rolled<A> {
  readonly key: string;
  /** How many values are in the accumulator, that one among them. */
  readonly count: number;
  readonly accumulator: A;
}

interface Kept<T, A> {
  accumulator: A;
  /** A ring of `size` places. */
  readonly values: T[];
  oldest: number;
  count: number;
  /** Highest timestamp seen. */
  eventTime: number;
}

/**
 * Sums up the last values of each key, and tells the sum after each value.
 *
 * <span class="informal">What the last thousand trades come to, or those of the last ten seconds, as of now.</span>
 *
 * ```
 * source   -1-2-3-5-|
 *          rollingStats({ size: 2, … })
 * result   -1-3-5-8-|       1, 1 + 2, 2 + 3, 3 + 5
 * ```
 *
 * - **next**: for each value its key, the accumulator with it and without those that no longer count, and how many are
 *   in there.
 * - **error**: the source's; whatever a callback throws.
 * - **complete**: when the source completes.
 *
 * Values leave in the order in which they came: when there are more than `size`, and when their timestamp is not above
 * the key's highest less `spanMs`. They leave when a value of their key comes, not with the clock. A value costs constant
 * amortised time. The memory is `size` values a key, of which `keyOf` should name a bounded number.
 *
 * @example
 * import { from } from 'rxjs';
 * import { rollingStats } from 'market-feed/operators';
 *
 * const trades = [
 *   { symbol: 'BTCUSDT', lots: 2 },
 *   { symbol: 'BTCUSDT', lots: 3 },
 *   { symbol: 'ETHUSDT', lots: 9 },
 *   { symbol: 'BTCUSDT', lots: 5 },
 * ];
 * from(trades)
 *   .pipe(
 *     rollingStats({
 *       size: 2,
 *       keyOf: (trade) => trade.symbol,
 *       create: () => 0,
 *       add: (lots, trade) => lots + trade.lots,
 *       remove: (lots, trade) => lots - trade.lots,
 *     }),
 *   )
 *   .subscribe(({ key, accumulator, count }) => console.log(key, accumulator / count));
 * // BTCUSDT 2
 * // BTCUSDT 2.5
 * // ETHUSDT 9
 * // BTCUSDT 4
 */
export function rollingStats<T, A>(options: RollingStatsOptions<T, A>): OperatorFunction<T, Rolled<A>> {
  const { size, spanMs = Number.POSITIVE_INFINITY } = options;
  if (!(Number.isSafeInteger(size) && size > 0))
    throw new RangeError(`size must be a whole number above 0, found ${size}`);
  if (!(spanMs > 0)) throw new RangeError(`spanMs must be above 0, found ${spanMs}`);
  if (options.spanMs !== undefined && options.timestampOf === undefined)
    throw new RangeError('spanMs needs timestampOf');
  const timestampOf = (value: T): number => (options.spanMs === undefined ? 0 : (options.timestampOf?.(value) ?? 0));

  // A value lies at `oldest` while anything is kept; it may itself be undefined.
  const oldestOf = ({ values, oldest }: Kept<T, A>): T => values[oldest] as T;
  const removeOldest = (kept: Kept<T, A>): void => {
    const value = oldestOf(kept);
    kept.oldest = kept.oldest + 1 === size ? 0 : kept.oldest + 1;
    kept.count--;
    kept.accumulator = options.remove(kept.accumulator, value);
  };
  const isTooOld = (kept: Kept<T, A>): boolean => !(timestampOf(oldestOf(kept)) > kept.eventTime - spanMs);

  return (source) =>
    new Observable((subscriber) => {
      const keys = new Map<string, Kept<T, A>>();
      listen(source, subscriber, {
        next(value) {
          const key = options.keyOf(value);
          let kept = keys.get(key);
          if (kept === undefined) {
            kept = {
              accumulator: options.create(key),
              values: [],
              oldest: 0,
              count: 0,
              eventTime: Number.NEGATIVE_INFINITY,
            };
            keys.set(key, kept);
          }
          if (kept.count === size) removeOldest(kept);
          kept.values[(kept.oldest + kept.count) % size] = value;
          kept.count++;
          kept.accumulator = options.add(kept.accumulator, value);
          const timestamp = timestampOf(value);
          if (timestamp > kept.eventTime) kept.eventTime = timestamp;
          while (kept.count > 1 && isTooOld(kept)) removeOldest(kept);
          subscriber.next({ key, count: kept.count, accumulator: kept.accumulator });
        },
      });
    });
}
