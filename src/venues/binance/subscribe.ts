import type { BookDepth, Channel, Instrument, KlineInterval } from '../../domain/instrument.ts';
import type { ControlPurpose, ControlRequest } from '../contract.ts';

/** Limits of one request. Venues have silently dropped larger requests. */
const MAX_STREAMS_PER_REQUEST = 200;
const MAX_REQUEST_CHARACTERS = 4_000;

const STREAMS: Partial<Readonly<Record<Channel, string>>> = {
  trade: 'trade',
  agg_trade: 'aggTrade',
  ticker: 'ticker',
  mini_ticker: 'miniTicker',
  book_ticker: 'bookTicker',
  depth: 'depth@100ms',
  depth5: 'depth5',
  depth10: 'depth10',
  depth20: 'depth20',
};

const PARTIAL_BOOKS: ReadonlySet<Channel> = new Set(['depth5', 'depth10', 'depth20']);
const PARTIAL_BOOK = /@depth\d/;
/** Time between two partial books by default, milliseconds. */
const PARTIAL_BOOK_MS = 1000;

/**
 * Makes the function that names a channel's streams. Symbols are in lower case; the names of intervals and levels are
 * the same as ours.
 */
export function binanceTopics(
  intervals: ReadonlySet<KlineInterval>,
): (instrument: Instrument, channel: Channel, books?: BookDepth) => readonly string[] {
  const klineChannels = new Set<Channel>([...intervals].map((interval) => `kline_${interval}` as const));
  return (instrument, channel, books) => {
    const stream = klineChannels.has(channel) ? channel : STREAMS[channel];
    const fast = PARTIAL_BOOKS.has(channel) && books !== undefined && books.intervalMs < PARTIAL_BOOK_MS;
    return stream === undefined ? [] : [`${instrument.venueSymbol.toLowerCase()}@${stream}${fast ? '@100ms' : ''}`];
  };
}

/** Uses `/stream` instead of `/ws` for partial books, because only the wrapper of `/stream` frames names the symbol. */
export function binanceUrl(configured: string, topics: readonly string[]): string {
  const hasPartialBooks = topics.some((topic) => PARTIAL_BOOK.test(topic));
  return hasPartialBooks ? configured.replace(/\/ws\/?(?=\?|$)/, '/stream') : configured;
}

export function binanceRequests(
  purpose: ControlPurpose,
  topics: readonly string[],
  nextId: () => number,
): readonly ControlRequest[] {
  const method = purpose.toUpperCase();
  return batches([...new Set(topics)]).map((batch) => {
    const id = nextId();
    return { id: String(id), frame: JSON.stringify({ method, params: batch, id }), topics: batch };
  });
}

function batches(topics: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const topic of topics) {
    const length = topic.length + '"",'.length;
    if (characters + length > MAX_REQUEST_CHARACTERS || all.at(-1)?.length === MAX_STREAMS_PER_REQUEST) {
      all.push([]);
      characters = 0;
    }
    all.at(-1)?.push(topic);
    characters += length;
  }
  return all;
}
