import { signal } from '@preact/signals';

/**
 * The moment that the pointer or the keyboard points at, in the timeline or in the chart: milliseconds since 1970 by
 * the feed's clock; undefined if none. Each of the two sets it, and both show it.
 */
export const cursorTime = signal<number | undefined>(undefined);
