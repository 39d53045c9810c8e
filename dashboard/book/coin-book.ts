import { computed, effect, signal } from '@preact/signals';
import { type Decimal, fromUnscaled } from '../../src/domain/decimal.ts';
import type { Book } from '../../src/gateway/api/asset-answers.ts';
import type { Instruments } from '../../src/gateway/api/feed-answers.ts';
import { concerns, isPresent } from '../coin/of-selected.ts';
import { rowOf } from '../feed/feed-state.ts';
import { getJson } from '../link/get-json.ts';
import { subscribeBook, unsubscribe } from '../link/link.ts';
import { onFrame } from '../page/on-frame.ts';
import { selected } from '../page/selection.ts';
import { placesOf } from '../text/number-text.ts';
import type { SizeUnit } from './book-size.ts';
import { priceSteps } from './price-steps.ts';

/** The selected coin's order book, with its levels summed in the chosen price step. */
export const book = signal<Book | undefined>(undefined);
/** When the book came, by the page's monotonic clock, milliseconds. */
export const bookAt = signal(0);
/** Which of `steps` the reader chose. If a coin has fewer, it gets its last. */
export const chosenStep = signal(0);
/** What sizes are shown in, of levels and trades. */
export const sizeUnit = signal<SizeUnit>('base');
/** The offered price steps, finest first. While the coin and its venue stay the same, none is withdrawn. */
export const steps = signal<readonly Decimal[]>([]);

/** The price steps that the known levels allow now. */
const allowed = computed<readonly Decimal[]>(() => {
  const row = selected.value === undefined ? undefined : rowOf(selected.value);
  if (book.value === undefined || row === undefined) return [];
  const { low, high } = book.value.price_range;
  const places = Math.max(row.places.value, placesOf(low ?? '0'), placesOf(high ?? '0'));
  const tick = ticks.value.get(row.venue.value ?? '') ?? fromUnscaled(1n, places);
  return priceSteps(tick, book.value);
});

/** The tick sizes of the coin's instruments, by venue. */
const ticks = signal<ReadonlyMap<string, Decimal>>(new Map());
let newBook: Book | undefined;

const paint = onFrame(() => {
  if (newBook !== undefined && isPresent(newBook)) {
    book.value = newBook;
    bookAt.value = performance.now();
  }
  newBook = undefined;
});

/** Follows the selected coin's book, in the chosen step. */
export function startBook(): void {
  effect(() => {
    const symbol = selected.value;
    if (symbol === undefined) return;
    void loadTicks(symbol);
    return () => unsubscribe('orderbook', symbol);
  });
  effect(() => {
    const now = allowed.value;
    const offered = steps.peek();
    if (now[0] !== offered[0] || now.length > offered.length) steps.value = now;
  });
  effect(() => {
    if (selected.value !== undefined) subscribeBook(selected.value, stepOf(steps.value, chosenStep.value));
  });
}

export function receiveBook(books: readonly Book[]): void {
  newBook = books.findLast(concerns) ?? newBook;
  paint();
}

export function forgetBook(): void {
  newBook = undefined;
  book.value = undefined;
  ticks.value = new Map();
}

/** The step to ask for; undefined: single levels. */
function stepOf(known: readonly Decimal[], chosen: number): Decimal | undefined {
  const index = Math.min(chosen, known.length - 1);
  return index > 0 ? known[index] : undefined;
}

async function loadTicks(symbol: string): Promise<void> {
  const answer = await getJson<Instruments>(`/api/instruments?symbol=${symbol}`);
  if (answer === undefined || symbol !== selected.peek()) return;
  ticks.value = new Map(
    answer.instruments.flatMap(({ venue, tick_size }) => (tick_size === null ? [] : [[venue, tick_size] as const])),
  );
}
