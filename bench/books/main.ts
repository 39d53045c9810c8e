/**
 * Compares the time per change of three order books: ours, the simplest possible one and a library's. `node
 * bench/books/main.ts [NAME.depth.ndjson.gz …]` reads recorded diff streams, with NAME.rest-depth.json.gz in the same
 * folder. Without arguments, it generates two streams from a seed.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { BookLevel } from '../../src/domain/record.ts';
import { OrderBook } from '../../src/market/book/order-book.ts';
import { type Change, type DiffStream, generatedStream, recordedStream } from './diff-stream.ts';
import { FloatBook } from './float-book.ts';
import { LibraryBook } from './library-book.ts';

interface Book {
  readonly bestBid: BookLevel | number | undefined;
  readonly bestAsk: BookLevel | number | undefined;
  replace(bids: readonly BookLevel[], asks: readonly BookLevel[]): void;
  apply(bids: readonly BookLevel[], asks: readonly BookLevel[]): void;
}

const BOOKS: Readonly<Record<string, new () => Book>> = {
  'market-feed': OrderBook,
  'sorted arrays, parseFloat': FloatBook,
  'tardis-dev': LibraryBook,
};
/** The predecessor of this project published this time for one book update: 0.5 ms. */
const PREDECESSOR_NS = 500_000;
const WARM_UP_CHANGES = 15_000;
const ROUNDS = 21;
/**
 * Number of changes that are timed together. Other programs seldom interrupt so few changes, and the median over the
 * rounds leaves those times out.
 */
const CHANGES_PER_TIMING = 50;
const BOOKS_IN_MEMORY = 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const files = process.argv.slice(2);
const made = [1000, 5000].map((depth) => generatedStream({ seed: 7, depth, size: 20, changes: 3000 }));
const streams = files.length > 0 ? files.map(recordedStream) : made;

console.log(`Time of a change, ns: medians of ${ROUNDS} rounds, in turn; in brackets the ratio to ours`);
console.table(Object.fromEntries(streams.map((stream) => [stream.name, speeds(stream)])));
console.log('Memory of a book with its strings, KiB');
console.table(Object.fromEntries(made.map((stream) => [stream.name, memories(stream.start)])));

/**
 * The time per change for each book, as text. It is the sum over all parts of the stream, each with its median over the
 * rounds, divided by the number of changes.
 */
function speeds(stream: DiffStream): Record<string, string> {
  const { start, changes } = stream;
  const taken = new Map<string, number[][]>(Object.keys(BOOKS).map((name) => [name, []]));
  const warmUpRounds = Math.ceil(WARM_UP_CHANGES / changes.length);
  for (let round = 0; round < warmUpRounds + ROUNDS; round++) {
    const tops = new Set<string>();
    for (const [name, Kind] of Object.entries(BOOKS)) {
      const book = new Kind();
      book.replace(start.bids, start.asks);
      const times: number[] = [];
      for (let from = 0; from < changes.length; from += CHANGES_PER_TIMING) {
        const part = changes.slice(from, from + CHANGES_PER_TIMING);
        const before = performance.now();
        for (const { bids, asks } of part) book.apply(bids, asks);
        times.push(performance.now() - before);
      }
      if (round >= warmUpRounds) taken.get(name)?.push(times);
      tops.add(`${priceOf(book.bestBid)} ${priceOf(book.bestAsk)}`);
    }
    if (tops.size > 1) throw new Error(`the books of ${stream.name} end with different tops: ${[...tops].join(', ')}`);
  }
  const levels = changes.reduce((sum, { bids, asks }) => sum + bids.length + asks.length, 0);
  const medians = new Map([...taken].map(([name, rounds]) => [name, (sumOfMedians(rounds) * 1e6) / changes.length]));
  const [ours = Number.NaN] = medians.values();
  return {
    'levels a change': (levels / changes.length).toFixed(1),
    ...Object.fromEntries([...medians].map(([name, ns]) => [name, `${Math.round(ns)} (${(ns / ours).toFixed(1)})`])),
    'predecessor, published': `${PREDECESSOR_NS} (${(PREDECESSOR_NS / ours).toFixed(0)})`,
  };
}

function memories(start: Change): Record<string, number> {
  const text = JSON.stringify(start);
  return Object.fromEntries(
    Object.entries(BOOKS).map(([name, Kind]) => {
      const before = heap();
      const books = Array.from({ length: BOOKS_IN_MEMORY }, () => {
        const { bids, asks } = JSON.parse(text) as Change;
        const book = new Kind();
        book.replace(bids, asks);
        return book;
      });
      const after = heap();
      return [name, Math.round((after - before) / books.length / 1024)];
    }),
  );
}

function heap(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function priceOf(best: BookLevel | number | undefined): number | undefined {
  return typeof best === 'object' ? Number(best.price) : best;
}

function sumOfMedians(rounds: readonly (readonly number[])[]): number {
  const parts = rounds[0]?.keys() ?? [];
  return [...parts].reduce((sum, part) => sum + median(rounds.map((times) => times[part] ?? Number.NaN)), 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
