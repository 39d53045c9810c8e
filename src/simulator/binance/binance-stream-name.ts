import type { EventKind } from '../captures/frame-subject.ts';

export interface StreamName {
  /** As the venue's payloads spell it; empty for streams of all symbols, and where the name is not in lower case (no such symbol). */
  readonly symbol: string;
  readonly kind: EventKind;
  /** Klines. */
  readonly interval?: string;
  /** Depth: levels of a partial book, 0 for differences; milliseconds between two. */
  readonly levels?: number;
  readonly everyMs?: number;
}

const INTERVALS = '1s|1m|3m|5m|15m|30m|1h|2h|4h|6h|8h|12h|1d|3d|1w|1M';
const STREAM = new RegExp(
  `^([^@\\s!]{1,40})@(?:(trade|aggTrade|ticker|miniTicker|bookTicker)|kline_(${INTERVALS})|depth(5|10|20)?(?:@(100|1000)ms)?)$`,
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
  const [, spelled = '', plain, interval, levels, everyMs] = match;
  const symbol = spelled === spelled.toLowerCase() ? spelled.toUpperCase() : '';
  const simple = KINDS[plain ?? ''];
  if (simple !== undefined) return { symbol, kind: simple };
  if (interval !== undefined) return { symbol, kind: 'kline', interval };
  const kind = levels === undefined ? 'depth' : 'book';
  return { symbol, kind, levels: Number(levels ?? 0), everyMs: Number(everyMs ?? 1_000) };
}
