import { toJson } from '../../codec/json-view.ts';
import type { BookDelta, FeedRecord, RecordKind } from '../../domain/record.ts';
import type { GatewayStats } from '../api/feed-answers.ts';
import type { StreamChannel } from '../api/stream-messages.ts';
import { statusAnswer } from '../rest/answers.ts';
import { bookAnswer } from '../rest/book-answers.ts';
import type { KnownBook } from '../view/known-book.ts';
import type { MarketRecord, SymbolSeries } from '../view/symbol-series.ts';
import type { GatewayView } from '../view/view.ts';
import { Item } from './stream-channels.ts';

/** Maximum past trades that a new subscriber gets: of one symbol, and of all symbols together. */
const PAST_TRADES = 50;
const MAX_PAST_TRADES = 1000;

const ROUTES: Partial<Readonly<Record<RecordKind, StreamChannel>>> = {
  price: 'prices',
  trade: 'trades',
  status: 'status',
  order_book: 'orderbook',
  book_delta: 'orderbook',
  kline: 'klines',
  trade_stats: 'stats',
  large_trade: 'large_trades',
};

/** The channel of a record, if any. */
export const routeOf = ({ kind }: FeedRecord): StreamChannel | undefined => ROUTES[kind];

/** Whether the whole book is known after its change. */
export const isBookKnown = (view: GatewayView, change: BookDelta): boolean => bookOf(view, change)?.isInSync === true;

export function itemOf(view: GatewayView, record: FeedRecord): Item {
  if (record.kind === 'status' || !('symbol' in record)) return new Item('', null, () => toJson(record));
  const { symbol } = record;
  const of = view.keyOf(record);
  if (record.kind === 'order_book' || record.kind === 'book_delta') {
    const known = bookOf(view, record);
    // The message has the book at the time when it is made.
    return new Item(of, symbol, (step) => {
      const book = known?.current;
      return book && bookAnswer(view, book, known?.publishedLevels, step);
    });
  }
  const key = record.kind === 'kline' ? `${of} ${record.interval} ${record.openTime}` : of;
  return new Item(key, symbol, () => toJson(record));
}

/** The first messages for a new subscriber, as lists of items. */
export function firstItems(
  view: GatewayView,
  channel: StreamChannel,
  symbols: readonly string[],
  stats: () => GatewayStats,
): readonly (readonly Item[])[] {
  if (channel === 'overview') return [[new Item('', null, () => statusAnswer(view, stats()))]];
  const heartbeat = view.feed.instances.lastHeartbeat;
  if (channel === 'status') return heartbeat === undefined ? [] : [[itemOf(view, heartbeat)]];
  const series = symbols.flatMap((symbol) => view.allSeries(symbol));
  if (channel === 'trades') {
    const count = Math.min(PAST_TRADES, Math.floor(MAX_PAST_TRADES / Math.max(series.length, 1)));
    const trades = series.map(({ history }) => history.latest(count).toReversed());
    return trades.map((some) => some.map((trade) => itemOf(view, trade)));
  }
  return [series.flatMap((each) => presentOf(channel, each).map((record) => itemOf(view, record)))];
}

function bookOf(view: GatewayView, { symbol, venue }: MarketRecord): KnownBook | undefined {
  return view.series(symbol, venue)?.book;
}

function presentOf(channel: StreamChannel, { tick, book, candles }: SymbolSeries): readonly FeedRecord[] {
  if (channel === 'prices') return tick === undefined ? [] : [tick];
  if (channel === 'orderbook') return book.published === undefined ? [] : [book.published];
  return channel === 'klines' ? candles.current : [];
}
