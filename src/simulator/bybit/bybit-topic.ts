import type { EventKind } from '../captures/frame-subject.ts';
import { BYBIT_INTERVALS } from './bybit-frames.ts';

const BOOK_LEVELS = ['1', '50', '200', '1000'];

export interface TopicParts {
  readonly symbol: string;
  readonly kind: EventKind;
  /** Klines, by Bybit's name. */
  readonly interval?: string;
  /** Books. */
  readonly levels?: number;
}

/** Takes a Bybit topic apart; undefined for one that has no handler. */
export function bybitTopic(topic: string): TopicParts | undefined {
  const parts = topic.split('.');
  const [name, second = '', third = ''] = parts;
  if (parts.length === 2 && name === 'publicTrade') return { symbol: second, kind: 'trade' };
  if (parts.length === 2 && name === 'tickers') return { symbol: second, kind: 'ticker' };
  if (parts.length !== 3) return undefined;
  if (name === 'kline' && BYBIT_INTERVALS[second] !== undefined)
    return { symbol: third, kind: 'kline', interval: second };
  if (name !== 'orderbook' || !BOOK_LEVELS.includes(second)) return undefined;
  return { symbol: third, kind: second === '1' ? 'book_ticker' : 'depth', levels: Number(second) };
}
