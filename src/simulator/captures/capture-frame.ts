import type { VenueId } from '../../domain/instrument.ts';
import type { TradeTexts } from '../market/simulated-instrument.ts';

/** A recorded data frame with its stream or topic. */
export interface DataFrame {
  readonly topic: string;
  readonly symbol: string;
  /** The event's JSON, without the wrapper of Binance's combined streams. */
  readonly data: string;
}

const STREAM = /^\{\s*"stream"\s*:\s*"([^"]+)"\s*,\s*"data"\s*:\s*/;
const TOPIC = /"topic":\s*"([^"]+)"/;
const SUFFIXES: Readonly<Record<string, string>> = {
  trade: 'trade',
  aggTrade: 'aggTrade',
  '24hrTicker': 'ticker',
  '24hrMiniTicker': 'miniTicker',
  depthUpdate: 'depth@100ms',
};

/** Guesses a frame's venue, for captures that do not name it. */
export function guessVenue(frame: string): VenueId {
  return TOPIC.test(frame.slice(0, 200)) || /"(ret_msg|conn_id)":/.test(frame) ? 'bybit' : 'binance';
}

/** Parses a recorded frame; undefined for answers to the client (acknowledgements, refusals, pongs) and REST bodies. */
export function dataFrame(venue: VenueId, frame: string): DataFrame | undefined {
  return venue === 'bybit' ? bybitFrame(frame) : binanceFrame(frame);
}

/** True for a depth body of Binance's REST interface, which names no symbol. */
export function isDepthBody(venue: VenueId, frame: string): boolean {
  return venue !== 'bybit' && frame.startsWith('{"lastUpdateId"');
}

function bybitFrame(frame: string): DataFrame | undefined {
  const topic = TOPIC.exec(frame)?.[1];
  if (topic === undefined) return undefined;
  return { topic: utf8(topic), symbol: utf8(topic.slice(topic.lastIndexOf('.') + 1)), data: frame };
}

function binanceFrame(frame: string): DataFrame | undefined {
  const match = STREAM.exec(frame);
  if (match !== null) {
    const topic = utf8(match[1] ?? '');
    return {
      topic,
      symbol: topic.startsWith('!') ? '' : (topic.split('@')[0] ?? '').toUpperCase(),
      data: frame.slice(match[0].length, frame.lastIndexOf('}')),
    };
  }
  const event = parsed(frame);
  if (event === undefined || typeof event.s !== 'string') return undefined;
  const suffix = suffixOf(event);
  if (suffix === undefined) return undefined;
  return { topic: `${event.s.toLowerCase()}@${suffix}`, symbol: event.s, data: frame };
}

function suffixOf(event: Record<string, unknown>): string | undefined {
  if (event.e === undefined) return event.u !== undefined && event.B !== undefined ? 'bookTicker' : undefined;
  if (event.e !== 'kline') return SUFFIXES[scalar(event.e) ?? ''];
  const interval = scalar(Object(event.k).i);
  return interval === undefined ? undefined : `kline_${interval}`;
}

/** Returns the trades in a data frame, in order; an empty list for other events. */
export function tradesOf(venue: VenueId, { topic, data }: DataFrame): TradeTexts[] {
  if (venue === 'bybit') return topic.startsWith('publicTrade.') ? bybitTrades(data) : [];
  const aggregated = topic.endsWith('@aggTrade');
  if (!aggregated && !topic.endsWith('@trade')) return [];
  const event = parsed(data);
  if (event === undefined) return [];
  const { t, a, p, q, T, m, f, l } = event;
  const time = numberOf(T);
  if (!aggregated) return readable(t, p, q, { time, sell: m === true });
  return readable(a, p, q, { time, sell: m === true, firstId: numberOf(f), lastId: numberOf(l) });
}

function bybitTrades(frame: string): TradeTexts[] {
  const items = parsed(frame)?.data;
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: unknown) => {
    const { i, p, v, T, S, seq, BT, RPI }: Record<string, unknown> = Object(item);
    const [sequence, blockTrade, rpi] = [scalar(seq) ?? '', BT === true, RPI === true];
    return readable(i, p, v, { time: numberOf(T), sell: S === 'Sell', sequence, blockTrade, rpi });
  });
}

/** Returns a list with the trade. It is empty if a field is neither text nor a number; the frame is still played. */
function readable(
  i: unknown,
  p: unknown,
  q: unknown,
  rest: Omit<TradeTexts, 'id' | 'price' | 'quantity'>,
): TradeTexts[] {
  const [id, price, quantity] = [scalar(i), scalar(p), scalar(q)];
  return id === undefined || price === undefined || quantity === undefined ? [] : [{ id, price, quantity, ...rest }];
}

function scalar(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function numberOf(value: unknown): number {
  return Number(scalar(value));
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(utf8(text));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
