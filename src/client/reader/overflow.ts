/**
 * What happens when a reading does not take its records as fast as they come:
 * - `pause`: the topic is read no further until there is room, for all that read it; nothing is lost. The default.
 * - `error`: the reading ends with a Fault.
 * - `dropOldest`: the oldest that wait make room; `onMissed` is told how many, before the record behind the hole is given.
 * - `conflate`: of the records with the same key only the newest waits.
 */
export type Overflow<T> =
  | { readonly kind: 'pause'; readonly max?: number }
  | { readonly kind: 'error'; readonly max: number }
  | { readonly kind: 'dropOldest'; readonly max: number; onMissed?(count: number): void }
  | {
      readonly kind: 'conflate';
      /** Default: venue and symbol. */
      key?(record: T): unknown;
    };

export const DEFAULT_MAX = 1000;
