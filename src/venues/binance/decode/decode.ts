import { KLINE_INTERVALS, type VenueId } from '../../../domain/instrument.ts';
import type { MarketEvent } from '../../../domain/market-event.ts';
import type { MarketFields } from '../../../domain/record.ts';
import type { Decoded, Decoder, DecoderContext } from '../../contract.ts';
import {
  ignored,
  malformedFrame,
  marketFields,
  marketFrame,
  noPriceYet,
  type Origin,
  safely,
} from '../../decode/decoding.ts';
import { areZero, isObject, malformed, readObject, readString, type Unchecked, within } from '../../decode/fields.ts';
import { jsonOf, refuseDuplicateKeys, textOf } from '../../decode/read-frame.ts';
import { readAnswer } from './answer.ts';
import {
  readAggTrade,
  readBook,
  readBookTicker,
  readDepthUpdate,
  readKline,
  readTicker,
  readTrade,
} from './read-events.ts';
import { EventScanner } from './scan-event.ts';
import { type BinanceEvent, type BinanceStream, parseStreamName } from './stream-name.ts';

/** Reads a payload. `interval` is the kline stream's interval; undefined for a bare frame, which names no stream. */
type Read = (payload: Unchecked, market: MarketFields, interval: string | undefined) => Decoded;

const READERS: ReadonlyMap<string, Read> = new Map<BinanceEvent, Read>([
  ['trade', one(readTrade)],
  ['aggTrade', one(readAggTrade)],
  ['24hrTicker', decodeTicker],
  ['24hrMiniTicker', decodeTicker],
  ['bookTicker', readBookTicker],
  ['kline', decodeKline],
  ['depthUpdate', one(readDepthUpdate)],
  ['partialDepth', one(readBook)],
]);

function one(read: (payload: Unchecked, market: MarketFields) => MarketEvent): Read {
  return (payload, market) => marketFrame(market, [read(payload, market)]);
}

/** Makes the decoder of one connection of `/stream` (combined frames) or `/ws` (bare frames). */
export function binanceDecoder(venue: VenueId, context: DecoderContext): Decoder {
  const origin: Origin = { venue, environment: context.environment };
  const streams = new Map<string, BinanceStream>();
  const scanner = new EventScanner(origin, context.instruments);

  function streamOf(name: string): BinanceStream | undefined {
    const known = streams.get(name);
    if (known !== undefined) return known;
    const stream = parseStreamName(name);
    // Only requested streams in the venue's spelling are kept, so that a peer cannot make the map grow.
    if (
      stream !== undefined &&
      context.instruments.has(stream.symbol) &&
      name.startsWith(stream.symbol.toLowerCase())
    ) {
      streams.set(name, stream);
      scanner.learn(name, stream);
    }
    return stream;
  }

  return safely((frame) => {
    const scanned = scanner.scan(frame);
    if (scanned !== undefined) return scanned;
    const text = textOf(frame);
    const outer = readObject(jsonOf(text), '');
    if (outer.stream === undefined) return decodeBare(text, outer, frame.receivedAt);
    const stream = streamOf(readString(outer.stream, 'stream'));
    if (stream === undefined) return decodeUnknownStream(outer.data);
    try {
      return decodeCombined(text, outer, stream, frame.receivedAt);
    } catch (error) {
      return malformedFrame(error, context.instruments.get(stream.symbol)?.symbol);
    }
  });

  /** Decodes a frame of `/ws`, or an answer to a request, which is bare on `/stream` too. */
  function decodeBare(text: string, payload: Unchecked, receivedAt: number): Decoded {
    const decoded = readAnswer(payload) ?? decodePayload(payload, undefined, receivedAt);
    if (decoded.kind !== 'ignored') refuseDuplicateKeys(text, keysOf(payload));
    return decoded;
  }

  function decodeCombined(text: string, outer: Unchecked, stream: BinanceStream, receivedAt: number): Decoded {
    const payload = readObject(outer.data, 'data');
    let decoded: Decoded;
    try {
      decoded = decodePayload(payload, stream, receivedAt);
    } catch (error) {
      throw within('data', error);
    }
    if (decoded.kind !== 'ignored') refuseDuplicateKeys(text, Object.keys(outer).length + keysOf(payload));
    return decoded;
  }

  function decodePayload(payload: Unchecked, stream: BinanceStream | undefined, receivedAt: number): Decoded {
    const event = eventOf(payload, stream);
    if (event === 'serverShutdown') return { kind: 'closing', reason: 'server_shutdown' };
    const read = READERS.get(event);
    if (read === undefined) return ignored('unknown_event');
    if (stream !== undefined && event !== stream.event)
      throw malformed('e', `is ${event}, not the stream's ${stream.event}`);
    // Partial depth has its symbol only in the stream's name.
    const symbol = event === 'partialDepth' ? stream?.symbol : readSymbol(payload, stream);
    if (symbol === undefined) return ignored('book_without_symbol');
    const instrument = context.instruments.get(symbol);
    if (instrument === undefined) return ignored('unknown_symbol');
    return read(payload, marketFields(origin, instrument, receivedAt), stream?.interval);
  }
}

/** Returns the number of keys in a payload and in its candle. */
function keysOf(payload: Unchecked): number {
  return Object.keys(payload).length + (isObject(payload.k) ? Object.keys(payload.k).length : 0);
}

function eventOf(payload: Unchecked, stream: BinanceStream | undefined): string {
  if (payload.e !== undefined) return readString(payload.e, 'e');
  if (stream?.event === 'bookTicker' || stream?.event === 'partialDepth') return stream.event;
  if (stream === undefined && payload.u !== undefined) return 'bookTicker';
  if (stream === undefined && payload.lastUpdateId !== undefined) return 'partialDepth';
  throw malformed('e', 'is missing (the event type)');
}

function readSymbol(payload: Unchecked, stream: BinanceStream | undefined): string {
  const symbol = readString(payload.s, 's');
  if (stream !== undefined && symbol !== stream.symbol)
    throw malformed('s', `is ${symbol}, not the stream's ${stream.symbol}`);
  return symbol;
}

function decodeUnknownStream(data: unknown): Decoded {
  return isObject(data) && data.e === 'serverShutdown'
    ? { kind: 'closing', reason: 'server_shutdown' }
    : ignored('unknown_event');
}

function decodeTicker(payload: Unchecked, market: MarketFields): Decoded {
  return areZero(payload.c) ? noPriceYet(market) : marketFrame(market, [readTicker(payload, market)]);
}

function decodeKline(payload: Unchecked, market: MarketFields, ofStream: string | undefined): Decoded {
  const k = readObject(payload.k, 'k');
  const interval = ofStream ?? KLINE_INTERVALS.find((known) => known === k.i);
  if (interval === undefined) throw malformed('k.i', 'is not a known interval');
  if (areZero(k.o, k.h, k.l, k.c)) return noPriceYet(market);
  return marketFrame(market, [readKline(payload, k, interval, market)]);
}
