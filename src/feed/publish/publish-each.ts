import type { OperatorFunction } from 'rxjs';
import type { BookTicker, Kline } from '../../domain/record.ts';
import { areOf } from '../arbitration/merged-event.ts';
import type { FeedEvent, FeedOutput } from '../feed-event.ts';
import { publishing } from './publishing.ts';

const NONE: readonly never[] = [];

/** Publishes the venue's candles as they are. */
export function publishKlines(): OperatorFunction<FeedEvent, FeedOutput> {
  return publishEach('kline');
}

/** Publishes the venue's best bids and asks as they are. */
export function publishBookTickers(): OperatorFunction<FeedEvent, FeedOutput> {
  return publishEach('book_ticker');
}

function publishEach(kind: (BookTicker | Kline)['kind']): OperatorFunction<FeedEvent, FeedOutput> {
  return publishing((event) => (event.kind === 'data' && areOf(event.events, kind) ? event.events : NONE));
}
