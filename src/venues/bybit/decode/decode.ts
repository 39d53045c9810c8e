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
    const outer = readObject(jsonOf(text), '');
    if (outer.topic === undefined) {
      const answer = readAnswer(outer);
      refuseDuplicateKeys(text, Object.keys(outer).length);
      return answer;
    }
    const topic = topicOf(readString(outer.topic, 'topic'));
    if (topic === undefined) return ignored('unknown_event');
    const instrument = context.instruments.get(topic.symbol);
    if (instrument === undefined) return ignored('unknown_symbol');
    try {
      refuseDuplicateKeys(text, keysOf(outer));
      return decodeData(outer, topic, marketFields(origin, instrument, frame.receivedAt));
    } catch (error) {
      return malformedFrame(error, instrument.symbol);
    }
  });

  function decodeData(outer: Unchecked, topic: BybitTopic, from: MarketFields): Decoded {
    switch (topic.kind) {
      case 'trade':
        return marketFrame(from, readTrades(outer, from));
      case 'kline':
        return marketFrame(from, readKlines(outer, topic, from));
      case 'ticker':
        return marketFrame(from, [readTicker(outer, from)]);
      case 'book_ticker':
        return newBookTicker(outer, from);
      case 'depth':
        return marketFrame(from, [readBook(outer, from)]);
    }
  }

  /** No event for a repeat, which comes every three seconds. */
  function newBookTicker(outer: Unchecked, from: MarketFields): Decoded {
    const { updateId, decoded } = readBookTicker(outer, from);
    const repeated = lastUpdate.get(from.venueSymbol) === updateId;
    lastUpdate.set(from.venueSymbol, updateId);
    return repeated && decoded.kind === 'value' ? marketFrame(from, NONE) : decoded;
  }
}

/** Number of keys of an envelope and the objects in it. */
function keysOf(outer: Unchecked): number {
  let keys = Object.keys(outer).length;
  for (const item of Array.isArray(outer.data) ? outer.data : [outer.data])
    if (isObject(item)) keys += Object.keys(item).length;
  return keys;
}
