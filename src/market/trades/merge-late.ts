import { Fault } from '../../domain/fault.ts';
import type { TradeEvent } from '../../domain/record.ts';
import { compareIds, lastIdOf } from '../../domain/trade-id.ts';

/** The fields of a trade that say where it belongs in its series. */
export type SeriesTrade = Pick<TradeEvent, 'venue' | 'symbol' | 'epoch' | 'tradeId' | 'lastTradeId'>;

/** A trade of the merged series. `isLate`: it comes from `late-trades`. */
export interface MergedTrade<T> {
  readonly trade: T;
  readonly isLate: boolean;
}

type Source<T> = AsyncIterable<T> | Iterable<T>;

/** Maximum readings of the late trades at the same time. */
const MAX_READINGS = 16;

/**
 * Merges the trades of one symbol, in the order of the topic, with its late trades. The result has each trade once, in
 * the order of epochs and ids. Epochs must rise, and each epoch must have one venue.
 *
 * Late trades of any number and order need little memory, because they are read several times: first to count the
 * rising sequences that they consist of, then once for each sequence. Normally they are one sequence, since gaps are
 * healed from the oldest on. `openLate` must yield the same late trades each time; new ones may follow them.
 *
 * @throws Fault if the trades are not one series, or the late trades consist of more than 16 rising sequences
 */
export async function* mergeLate<T extends SeriesTrade>(
  trades: Source<T>,
  openLate: () => Source<T>,
): AsyncGenerator<MergedTrade<T>, void, undefined> {
  const late = await lateCursors(openLate);
  const published = new Cursor(trades);
  const cursors = [published, ...late];
  let last: T | undefined;
  let lastPublished: T | undefined;
  try {
    await Promise.all(cursors.map((cursor) => cursor.advance()));
    for (let next = earliest(cursors); next?.head !== undefined; next = earliest(cursors)) {
      const trade = next.head;
      if (next === published) {
        if (lastPublished !== undefined) requireOneSeries(lastPublished, trade);
        lastPublished = trade;
      }
      if (last === undefined || compareLast(last, trade) < 0) {
        yield { trade, isLate: next !== published };
        last = trade;
      }
      await next.advance();
    }
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
}

/** A source and its next trade. */
class Cursor<T> {
  head: T | undefined;
  readonly #source: AsyncGenerator<T, void, undefined>;

  constructor(source: Source<T>) {
    this.#source = (async function* () {
      yield* source;
    })();
  }

  async advance(): Promise<void> {
    const result = await this.#source.next();
    this.head = result.done === true ? undefined : result.value;
  }

  async close(): Promise<void> {
    await this.#source.return();
  }
}

/** Opens a cursor for each rising sequence of the late trades. */
async function lateCursors<T extends SeriesTrade>(openLate: () => Source<T>): Promise<readonly Cursor<T>[]> {
  const all = new RisingSequences();
  let count = 0;
  for await (const trade of openLate()) {
    count++;
    if (all.add(trade) < MAX_READINGS) continue;
    const { venue, symbol, epoch, tradeId } = trade;
    throw new Fault(
      'internal',
      `late-trades: ${venue} ${symbol} epoch ${epoch} trade ${tradeId} is too far out of order: the late trades consist of more than ${MAX_READINGS} rising sequences; read a shorter range`,
      { retry: { kind: 'never' } },
    );
  }
  return Array.from({ length: all.count }, (_, index) => new Cursor(sequence(openLate(), index, count)));
}

/** Yields the trades of one rising sequence among the first `count` late trades. */
async function* sequence<T extends SeriesTrade>(late: Source<T>, index: number, count: number): AsyncGenerator<T> {
  const all = new RisingSequences();
  let left = count;
  for await (const trade of late) {
    if (all.add(trade) === index) yield trade;
    if (--left === 0) return;
  }
}

/**
 * Divides trades into the fewest rising sequences (patience sorting): each trade follows the highest trade that is not
 * after it.
 */
class RisingSequences {
  /** The last trade of each sequence, falling. */
  readonly #last: SeriesTrade[] = [];

  get count(): number {
    return this.#last.length;
  }

  /** Returns the index of the trade's sequence. */
  add(trade: SeriesTrade): number {
    const found = this.#last.findIndex((last) => compareFirst(last, trade) <= 0);
    const index = found < 0 ? this.#last.length : found;
    this.#last[index] = trade;
    return index;
  }
}

/** Returns the cursor with the earliest trade: of equal trades the first cursor's. */
function earliest<T extends SeriesTrade>(cursors: readonly Cursor<T>[]): Cursor<T> | undefined {
  let found: Cursor<T> | undefined;
  for (const cursor of cursors) {
    if (cursor.head === undefined) continue;
    if (found?.head === undefined || compareFirst(cursor.head, found.head) < 0) found = cursor;
  }
  return found;
}

const compareFirst = (a: SeriesTrade, b: SeriesTrade): number => a.epoch - b.epoch || compareIds(a.tradeId, b.tradeId);

const compareLast = (a: SeriesTrade, b: SeriesTrade): number =>
  a.epoch - b.epoch || compareIds(lastIdOf(a), lastIdOf(b));

/** @throws Fault if `trade` cannot follow `last` in one series. */
function requireOneSeries(last: SeriesTrade, trade: SeriesTrade): void {
  const isOneVenue = last.epoch !== trade.epoch || last.venue === trade.venue;
  if (isOneVenue && compareFirst(last, trade) <= 0) return;
  const name = ({ venue, epoch, tradeId }: SeriesTrade) => `${venue} epoch ${epoch} trade ${tradeId}`;
  throw new Fault(
    'internal',
    `trades: after ${name(last)} of ${last.symbol} follows ${name(trade)}; epochs and ids must rise, with one venue in each epoch; of a feed with several venues, read one venue`,
    { retry: { kind: 'never' } },
  );
}
