import { KLINE_INTERVALS, type KlineInterval } from '../../domain/instrument.ts';
import type { EventKind } from '../captures/frame-subject.ts';

export interface StreamName {
  /** As the venue's payloads spell it; empty for streams of all symbols, and where the name is not in lower case (no such symbol). */
  readonly symbol: string;
  readonly kind: EventKind;
  /** Klines. */
  readonly interval?: KlineInterval;
  /** Depth: levels of a partial book, 0 for differences; milliseconds between two. */
  readonly levels?: number;
  readonly everyMs?: number;
}

const STREAM = new RegExp(
  `^([^@\\s!]{1,40})@(?:(trade|aggTrade|ticker|miniTicker|bookTicker)|kline_(${KLINE_INTERVALS.join('|')})|depth(5|10|20)?(?:@(100|1000)ms)?)$`,
);

const KINDS: Readonly<Record<string, EventKind>> = {
  trade: 'trade',
  aggTrade: 'agg_trade',
  ticker: 'ticker',
  miniTicker: 'mini_ticker',
  bookTicker: 'book_ticker',
};

/** Takes a Binance stream name apart; undefined for one that the venue would call invalid. */
export function binanceStream(name: string): StreamName | undefined {
  if (name === '!miniTicker@arr') return { symbol: '', kind: 'mini_ticker' };
  const match = STREAM.exec(name);
  if (match === null) return undefined;
  const [, spelled = '', plain, named, levels, everyMs] = match;
  const interval = KLINE_INTERVALS.find((one) => one === named);
  const symbol = spelled === spelled.toLowerCase() ? spelled.toUpperCase() : '';
  const simple = KINDS[plain ?? ''];
  if (simple !== undefined) return { symbol, kind: simple };
  if (interval !== undefined) return { symbol, kind: 'kline', interval };
  const kind = levels === undefined ? 'depth' : 'book';
  return { symbol, kind, levels: Number(levels ?? 0), everyMs: Number(everyMs ?? 1_000) };
}
