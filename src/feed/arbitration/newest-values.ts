import type { BookTicker, Kline } from '../../domain/record.ts';
import { compareIds } from '../../domain/trade-id.ts';
import type { LineData, SequencedTrade } from './merged-event.ts';

/**
 * If the last book ticker had no timestamp, a lower update id that comes this long after it shows restarted ids.
 * Microseconds.
 */
const BOOK_RESET_AFTER_US = 5_000_000;

/** The last candles of one interval that were passed on. */
interface Candles {
  last: Kline;
  /** The open time of the last closed candle that was passed on, milliseconds since 1970. */
  closed: number;
}

/** Finds the tickers, book tickers and candles of a symbol that are newer than the last, from any line. */
export class NewestValues {
  readonly #klines = new Map<string, Candles>();
  #bookTicker: BookTicker | undefined;
  #tickerTimestamp = Number.NEGATIVE_INFINITY;

  /** Returns true, and remembers the event, if it is newer than the last of its kind. */
  passes(event: Exclude<LineData, SequencedTrade>): boolean {
    switch (event.kind) {
      case 'ticker':
        if (event.timestamp <= this.#tickerTimestamp) return false;
        this.#tickerTimestamp = event.timestamp;
        return true;
      case 'book_ticker':
        if (this.#bookTicker !== undefined && !isNewerBook(event, this.#bookTicker)) return false;
        this.#bookTicker = event;
        return true;
      case 'kline':
        return this.#passesKline(event);
    }
  }

  #passesKline(event: Kline): boolean {
    const candles = this.#klines.get(event.interval);
    if (candles === undefined) {
      const closed = event.closed ? event.openTime : Number.NEGATIVE_INFINITY;
      this.#klines.set(event.interval, { last: event, closed });
      return true;
    }
    const isNewer = isNewerKline(event, candles.last);
    // Another line may deliver the next candle before this candle's closing value.
    const isEnd = event.closed && event.openTime > candles.closed;
    if (isNewer) candles.last = event;
    if (isEnd) candles.closed = event.openTime;
    return isNewer || isEnd;
  }
}

function isNewerBook(event: BookTicker, last: BookTicker): boolean {
  if (event.updateId === null || last.updateId === null) return true;
  const order = compareIds(event.updateId, last.updateId);
  if (order > 0) return true;
  if (order === 0) return false;
  if (event.timestamp !== null && last.timestamp !== null) return event.timestamp > last.timestamp;
  // If only this event has no time, the market has closed, and its update id is 0.
  if (last.timestamp !== null) return true;
  return event.receivedAt - last.receivedAt > BOOK_RESET_AFTER_US;
}

function isNewerKline(event: Kline, last: Kline): boolean {
  if (event.openTime !== last.openTime) return event.openTime > last.openTime;
  return event.timestamp > last.timestamp;
}
