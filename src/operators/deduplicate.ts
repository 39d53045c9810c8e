import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { listen } from './listen.ts';

/** The last `size` different keys that were seen. */
export interface SeenWindow<K extends Key> {
  /** Remembers the key. False: it is in the window already, and stays where it is. */
  add(key: K): boolean;
  has(key: K): boolean;
  clear(): void;
}

/** Keys are compared as a `Set` compares them: 7, 7n and '7' are three keys. */
export type Key = string | number | bigint;

/** A window over the last `size` (at least 1) different keys, in constant time and memory; a new key drops the oldest. */
export function createSeenWindow<K extends Key = Key>(size: number): SeenWindow<K> {
  if (!(Number.isSafeInteger(size) && size > 0))
    throw new RangeError(`size must be a whole number above 0, found ${size}`);
  const seen = new Set<K>();
  /** Goes through the keys in the order in which they came, always up to the one that left last. */
  const leaving = seen.values();
  return {
    add(key) {
      if (seen.has(key)) return false;
      seen.add(key);
      const left = seen.size > size ? leaving.next().value : undefined;
      if (left !== undefined) seen.delete(left);
      return true;
    },
    has: (key) => seen.has(key),
    clear: () => seen.clear(),
  };
}

export interface DeduplicateOptions<T> {
  /** What names the event: equal for the same event delivered twice, different otherwise. */
  key(value: T): Key;
  /** How many different keys are remembered. */
  readonly size: number;
  /** Told of each value that is left out. */
  onDuplicate?(value: T): void;
}

/**
 * Emits the first value with each key and drops repeats, within the last `size` different keys.
 *
 * <span class="informal">Two connections carry the same trades; the first arrival counts.</span>
 *
 * ```
 * source   -a-b-a-c-a-c-
 *          deduplicate({ key: (value) => value, size: 2 })
 * result   -a-b---c-a---       the second a is known; c drops it, so the third is new
 * ```
 *
 * - **next**: each value whose key is not among the last `size` different keys.
 * - **error**: the source's error; what a callback throws.
 * - **complete**: when the source completes.
 *
 * It remembers `size` keys, as long as the subscription lives. Merge redundant connections below it, so that the window
 * survives their reconnects. If ids can restart, put the epoch into the key.
 *
 * @example
 * import { from } from 'rxjs';
 * import { deduplicate } from 'market-feed/operators';
 *
 * from([{ id: '7' }, { id: '8' }, { id: '7' }])
 *   .pipe(deduplicate({ key: (trade) => trade.id, size: 1000 }))
 *   .subscribe((trade) => console.log(trade.id));
 * // 7
 * // 8
 */
export function deduplicate<T>(options: DeduplicateOptions<T>): MonoTypeOperatorFunction<T> {
  const { size } = options;
  // A size that cannot be is told where the operator is made, not where it is subscribed to.
  createSeenWindow(size);

  return (source) =>
    new Observable((subscriber) => {
      const seen = createSeenWindow(size);
      listen(source, subscriber, {
        next(value) {
          if (seen.add(options.key(value))) subscriber.next(value);
          else options.onDuplicate?.(value);
        },
      });
    });
}
