import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Connection } from '../connection.ts';
import type { SimulatedInstrument, SimulatedLevel } from '../market/simulated-instrument.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';
import { type BookView, bookFrame } from './bybit-frames.ts';

const EVERY_MS: Readonly<Record<number, number>> = { 50: 20, 200: 100, 1000: 200 };
/** Number of levels of the book whose update ids REST shows. */
const REST_LEVELS = 1_000;

interface Book {
  readonly topic: Topic;
  readonly instrument: SimulatedInstrument;
  readonly levels: number;
  /** The book as it was last published. */
  view: BookView;
  updateId: number;
  sentAt: number;
  /** False without listeners: then `view` is not updated. */
  live: boolean;
}

/** Makes Bybit's `orderbook.50`, `.200` and `.1000`: a snapshot for each new listener, then numbered deltas. */
export function bybitBooks(host: VenueHost) {
  const books = new Map<string, Book>();

  /** Sends a new listener its first snapshot. */
  function subscribed(
    connection: Connection,
    topic: Topic,
    instrument: SimulatedInstrument,
    levels: number,
    now: number,
  ): void {
    const book = upToDate(topic, instrument, levels, now);
    book.live = true;
    const sent = topic.publishTo(connection, snapshotFrame(book, now), 'book') ? `[${connection.number}]` : '[]';
    host.journalEvent(topic, { kind: 'book', id: `${book.updateId}`, time: now, sent });
  }

  /** The book as `GET /v5/market/orderbook` shows it. */
  function rest(instrument: SimulatedInstrument, limit: number, now: number): string {
    const topic = host.topic(`orderbook.${REST_LEVELS}.${instrument.symbol}`, 'depth', instrument.symbol);
    const { view, updateId } = upToDate(topic, instrument, REST_LEVELS, now);
    return (
      `{"s":"${instrument.symbol}","a":${instrument.levelsText(view.asks.slice(0, limit))},"b":${instrument.levelsText(view.bids.slice(0, limit))},` +
      `"ts":${view.changedAt === 0 ? 0 : now},"u":${updateId},"seq":${view.sequence},"cts":${view.changedAt}}`
    );
  }

  /** Restarts the update ids of a symbol's books at 1 (an empty book has 0), with a snapshot for all listeners. */
  function restart(instrument: SimulatedInstrument, now: number): void {
    for (const book of books.values()) {
      if (book.instrument !== instrument) continue;
      book.view = viewBook(host, instrument, book.levels);
      book.updateId = idOf(book.view, 1);
      book.sentAt = now;
      const make = () => snapshotFrame(book, now);
      if (book.topic.size > 0) host.publishBook(book.topic, 'book', book.updateId, now, make);
    }
  }

  function slice(now: number): void {
    for (const book of books.values()) publish(book, now);
  }

  function publish(book: Book, now: number): void {
    const { topic, instrument, levels, view } = book;
    if (topic.size === 0) book.live = false;
    if (!book.live || view.updateId === instrument.updateId || now - book.sentAt < (EVERY_MS[levels] ?? 20)) return;
    const after = viewBook(host, instrument, levels);
    const bids = changedLevels(view.bids, after.bids);
    const asks = changedLevels(view.asks, after.asks);
    book.view = after;
    book.sentAt = now;
    if (bids.length + asks.length === 0) return;
    const updateId = ++book.updateId;
    const frame = { ...after, topic: topic.name, type: 'delta', now, updateId, bids, asks } as const;
    host.publishBook(topic, 'depth', updateId, now, () => bookFrame(instrument, frame));
  }

  function upToDate(topic: Topic, instrument: SimulatedInstrument, levels: number, now: number): Book {
    const book = getOrCreate(books, topic.name, (): Book => {
      const view = viewBook(host, instrument, levels);
      const updateId = idOf(view, 1_000_000 + levels * 1_000);
      return { topic, instrument, levels, view, updateId, sentAt: now, live: false };
    });
    if (!book.live && book.view.updateId !== instrument.updateId) {
      book.view = viewBook(host, instrument, levels);
      book.updateId = idOf(book.view, book.updateId + 1);
    }
    return book;
  }

  return { subscribed, rest, restart, slice };
}

export type BybitBooks = ReturnType<typeof bybitBooks>;

/** Returns the book's update id: 0 for the empty book of a closed market, otherwise `updateId`. */
function idOf(view: BookView, updateId: number): number {
  return view === EMPTY_VIEW ? 0 : updateId;
}

const EMPTY_VIEW: BookView = { updateId: 0, sequence: 0, changedAt: 0, bids: [], asks: [] };

export function viewBook({ market, faults }: VenueHost, instrument: SimulatedInstrument, levels: number): BookView {
  if (faults.symbolsWithEmptyBooks.has(instrument.symbol)) return EMPTY_VIEW;
  const { updateId, changedAt } = instrument;
  const sequence = market?.lastSequence ?? 0;
  const [bids, asks] = [instrument.levels('bids', levels), instrument.levels('asks', levels)];
  return { updateId, sequence, changedAt, bids, asks };
}

/** Returns the levels that turn `before` into `after`; quantity 0 removes a level. */
function changedLevels(before: readonly SimulatedLevel[], after: readonly SimulatedLevel[]): SimulatedLevel[] {
  const old = new Map(before.map(({ price, quantity }) => [price, quantity]));
  const changes = after.filter(({ price, quantity }) => old.get(price) !== quantity);
  for (const { price } of after) old.delete(price);
  return [...changes, ...[...old.keys()].map((price) => ({ price, quantity: 0 }))];
}

function snapshotFrame({ topic, instrument, view, updateId }: Book, now: number): string {
  return bookFrame(instrument, { ...view, topic: topic.name, type: 'snapshot', now, updateId });
}
