import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { COUNT, FUNCTION, type OptionRules, required, requireOptions } from './check-option.ts';
import { listen } from './listen.ts';

/** Remembers the last `size` different keys. */
export interface SeenWindow<K extends Key> {
  /** Adds the key. Returns false if the window has the key already; a repeat does not make the key newer. */
  add(key: K): boolean;
  has(key: K): boolean;
  clear(): void;
}

/** Identifies a value. Keys are compared as in a `Set`: 7, 7n and '7' are three keys. */
export type Key = string | number | bigint;

/**
 * Makes a window of the last `size` different keys (at least 1). If it is full, a new key removes the oldest one, in
 * constant time.
 */
export function createSeenWindow<K extends Key = Key>(size: number): SeenWindow<K> {
  requireOptions('createSeenWindow', { size }, { size: required(COUNT) });
  const seen = new Set<K>();
  /** Iterates over the keys, oldest first. Its next key is the oldest one in the window. */
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

/** Options of `deduplicate`. */
export interface DeduplicateOptions<T> {
  /** Identifies the event: equal if the same event is delivered twice, different otherwise. */
  key(value: T): Key;
  /** Number of different keys to remember; a whole number above 0. */
  readonly size: number;
  /** Called for each dropped value. */
  onDuplicate?(value: T): void;
}

const RULES: OptionRules<DeduplicateOptions<unknown>> = {
  key: required(FUNCTION),
  size: required(COUNT),
  onDuplicate: FUNCTION,
};

/**
 * Emits the first value with each key, and drops repeats of the last `size` different keys.
 *
 * <span class="informal">Two connections carry the same trades; the first arrival counts.</span>
 *
 * ```
 * source   -a-b-a-c-a-c-
 *          deduplicate({ key: (value) => value, size: 2 })
 * result   -a-b---c-a---       the second a is known; c removes it, so the third is new
 * ```
 *
 * - **next**: each value whose key is not among the last `size` different keys.
 * - **error**: the source's error; what a callback throws.
 * - **complete**: when the source completes.
 *
 * Each subscription remembers `size` keys. Merge redundant connections before this operator, so the keys are kept when
 * one of them reconnects. If ids can restart, the key also needs a number that changes at each restart.
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
  requireOptions('deduplicate', options, RULES);
  const { size } = options;

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
