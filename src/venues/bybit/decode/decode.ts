import type { MarketFields } from '../../../domain/record.ts';
import type { Decoded, Decoder, DecoderContext } from '../../contract.ts';
import { ignored, malformedFrame, marketFields, marketFrame, type Origin, safely } from '../../decode/decoding.ts';
import { isObject, readObject, readString, type Unchecked } from '../../decode/fields.ts';
import { jsonOf, refuseDuplicateKeys, textOf } from '../../decode/read-frame.ts';
import { readAnswer } from './answer.ts';
import { readBook, readBookTicker, readKlines, readTicker, readTrades } from './read-events.ts';
import { TradeScanner } from './scan-trades.ts';
import { type BybitTopic, parseTopic } from './topic.ts';

const NONE: readonly never[] = [];

/** Makes the decoder of one connection. It remembers the last update of each one-level book, to drop repeats. */
export function bybitDecoder(context: DecoderContext): Decoder {
  const origin: Origin = { venue: 'bybit', environment: context.environment };
  const topics = new Map<string, BybitTopic>();
  const lastUpdate = new Map<string, string>();
  const scanner = new TradeScanner(origin, context.instruments);

  function topicOf(name: string): BybitTopic | undefined {
    const known = topics.get(name);
    if (known !== undefined) return known;
    const topic = parseTopic(name);
    // Only requested topics are kept, so that a peer cannot make the map grow.
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
    const message = readObject(jsonOf(text), '');
    if (message.topic === undefined) {
      const answer = readAnswer(message);
      refuseDuplicateKeys(text, Object.keys(message).length);
      return answer;
    }
    const topic = topicOf(readString(message.topic, 'topic'));
    if (topic === undefined) return ignored('unknown_event');
    const instrument = context.instruments.get(topic.symbol);
    if (instrument === undefined) return ignored('unknown_symbol');
    try {
      refuseDuplicateKeys(text, keysOf(message));
      return decodeData(message, topic, marketFields(origin, instrument, frame.receivedAt));
    } catch (error) {
      return malformedFrame(error, instrument.symbol);
    }
  });

  function decodeData(message: Unchecked, topic: BybitTopic, market: MarketFields): Decoded {
    switch (topic.kind) {
      case 'trade':
        return marketFrame(market, readTrades(message, market));
      case 'kline':
        return readKlines(message, topic, market);
      case 'ticker':
        return readTicker(message, market);
      case 'book_ticker':
        return newBookTicker(message, market);
      case 'depth':
        return marketFrame(market, [readBook(message, market)]);
    }
  }

  /** Returns no event for a repeated book, which Bybit sends after three seconds without a change. */
  function newBookTicker(message: Unchecked, market: MarketFields): Decoded {
    const { updateId, decoded } = readBookTicker(message, market);
    const repeated = lastUpdate.get(market.venueSymbol) === updateId;
    lastUpdate.set(market.venueSymbol, updateId);
    return repeated && decoded.kind === 'value' ? marketFrame(market, NONE) : decoded;
  }
}

/** Returns the number of keys in a message and in the objects of its data. */
function keysOf(message: Unchecked): number {
  let keys = Object.keys(message).length;
  for (const item of Array.isArray(message.data) ? message.data : [message.data])
    if (isObject(item)) keys += Object.keys(item).length;
  return keys;
}
