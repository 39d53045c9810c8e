import type { Instrument } from '../../../domain/instrument.ts';
import type { Decoded, Decoder, DecoderContext } from '../../contract.ts';
import { ignored, malformedFrame, marketFrame, type Origin, safely } from '../../decode/decoding.ts';
import {
  malformed,
  readArray,
  readNumericId,
  readObject,
  readString,
  readTime,
  type Unchecked,
} from '../../decode/fields.ts';
import { jsonOf, refuseDuplicateKeys, textOf } from '../../decode/read-frame.ts';
import { spreadWarning } from '../../decode/top-of-book.ts';
import { readAnswer } from './answer.ts';
import { readBook } from './decode-book.ts';
import { readBookTicker } from './decode-book-ticker.ts';
import { readKlines } from './decode-klines.ts';
import { readTicker } from './decode-ticker.ts';
import { readTrades } from './decode-trades.ts';
import { TradeScanner } from './scan-trades.ts';
import { type BybitTopic, parseTopic } from './topic.ts';
import type { BybitAnswerFrame, BybitBook, BybitDataFrame, BybitTicker } from './wire.ts';

const NONE: readonly never[] = [];

/** A decoder for one connection: it remembers the last update of each one-level book, to know the repeats. */
export function bybitDecoder(context: DecoderContext): Decoder {
  const origin: Origin = { venue: 'bybit', environment: context.environment };
  const topics = new Map<string, BybitTopic>();
  const lastUpdate = new Map<string, string>();
  const scanner = new TradeScanner(origin, context.instruments);

  function topicOf(name: string): BybitTopic | undefined {
    const known = topics.get(name);
    if (known !== undefined) return known;
    const topic = parseTopic(name);
    // Only what was asked for is kept, so that a peer cannot make the map grow.
    if (topic !== undefined && context.instruments.has(topic.symbol)) {
      topics.set(name, topic);
      scanner.learn(name, topic);
    }
    return topic;
  }

  return safely((frame) => {
    const scanned = scanner.scan(frame);
    if (scanned !== undefined) return scanned;
    const text = textOf(frame);
    const outer = readObject<BybitDataFrame & BybitAnswerFrame>(jsonOf(text), '');
    if (outer.topic === undefined) {
      const answer = readAnswer(outer);
      refuseDuplicateKeys(text, keysOf(outer));
      return answer;
    }
    const topic = topicOf(readString(outer.topic, 'topic'));
    if (topic === undefined) return ignored('unknown_event');
    const instrument = context.instruments.get(topic.symbol);
    if (instrument === undefined) return ignored('unknown_symbol');
    try {
      return decodeData(text, outer, topic, instrument, frame.receivedAt);
    } catch (error) {
      return malformedFrame(error, instrument.symbol);
    }
  });

  function decodeData(
    text: string,
    outer: Unchecked<BybitDataFrame>,
    topic: BybitTopic,
    instrument: Instrument,
    receivedAt: number,
  ): Decoded {
    switch (topic.event) {
      case 'trade': {
        const data = readArray(outer.data, 'data');
        const trades = readTrades(data, readTime(outer.ts, 'ts'), origin, instrument, receivedAt);
        refuseDuplicateKeys(text, keysOf(outer, data));
        return marketFrame(instrument, receivedAt, trades);
      }
      case 'kline': {
        const data = readArray(outer.data, 'data');
        const klines = readKlines(data, readTime(outer.ts, 'ts'), topic, origin, instrument, receivedAt);
        refuseDuplicateKeys(text, keysOf(outer, data));
        return marketFrame(instrument, receivedAt, klines);
      }
      case 'ticker':
        return decodeTicker(text, outer, origin, instrument, receivedAt);
      case 'book_ticker':
        return decodeBookTicker(text, outer, origin, instrument, receivedAt, lastUpdate);
      case 'depth':
        return decodeBook(text, outer, origin, instrument, receivedAt);
    }
  }
}

function decodeTicker(
  text: string,
  outer: Unchecked<BybitDataFrame>,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): Decoded {
  const data = readSnapshot<BybitTicker>(outer);
  const ticker = readTicker(data, readTime(outer.ts, 'ts'), origin, instrument, receivedAt);
  refuseDuplicateKeys(text, keysOf(outer, [data]));
  return marketFrame(instrument, receivedAt, [ticker]);
}

/** No event when nothing changed since the last one, which comes again every three seconds. */
function decodeBookTicker(
  text: string,
  outer: Unchecked<BybitDataFrame>,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
  lastUpdate: Map<string, string>,
): Decoded {
  const data = readSnapshot<BybitBook>(outer);
  const updateId = readNumericId(data.u, 'data.u');
  const ticker = readBookTicker(data, updateId, readMatchedAt(outer), origin, instrument, receivedAt);
  refuseDuplicateKeys(text, keysOf(outer, [data]));
  const repeated = lastUpdate.get(instrument.venueSymbol) === updateId;
  lastUpdate.set(instrument.venueSymbol, updateId);
  if (ticker === undefined) return ignored('one_sided_book');
  if (repeated) return marketFrame(instrument, receivedAt, NONE);
  return marketFrame(instrument, receivedAt, [ticker], spreadWarning(ticker.bidPrice, ticker.askPrice));
}

function decodeBook(
  text: string,
  outer: Unchecked<BybitDataFrame>,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): Decoded {
  const { type } = outer;
  if (type !== 'snapshot' && type !== 'delta')
    throw malformed('type', `is ${JSON.stringify(type)}, neither snapshot nor delta`);
  const data = readObject<BybitBook>(outer.data, 'data');
  const update = readBook(data, type === 'snapshot', readMatchedAt(outer), origin, instrument, receivedAt);
  refuseDuplicateKeys(text, keysOf(outer, [data]));
  return marketFrame(instrument, receivedAt, [update]);
}

/** The matching engine's time, comparable with that of trades; absent in recordings from before 2024. */
function readMatchedAt(outer: Unchecked<BybitDataFrame>): number | null {
  return outer.cts === undefined ? null : readTime(outer.cts, 'cts');
}

/** The data of a topic that spot sends whole each time. */
function readSnapshot<T>(outer: Unchecked<BybitDataFrame>): Unchecked<T> {
  if (outer.type !== 'snapshot') throw malformed('type', `is ${JSON.stringify(outer.type)}, not snapshot`);
  return readObject<T>(outer.data, 'data');
}

/** How many keys an envelope and the objects in it have. */
function keysOf(outer: object, data: readonly unknown[] = []): number {
  let keys = Object.keys(outer).length;
  for (const item of data) keys += Object.keys(Object(item)).length;
  return keys;
}
