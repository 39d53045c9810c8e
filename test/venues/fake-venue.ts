import { Fault } from '../../src/domain/fault.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import type { MarketFrame } from '../../src/domain/venue-event.ts';
import type { ControlRequest, Decoded, DecoderContext, Venue } from '../../src/venues/contract.ts';

/**
 * A venue with a protocol for tests. A frame is up to three words.
 *
 * - The client sends `sub ID TOPIC,TOPIC`, `unsub ID TOPIC,TOPIC` and `beat ID`.
 * - The venue sends data: `trade SYMBOL ID`, `odd SYMBOL ID` (a trade with a warning), `repeat` (data without an event).
 * - It answers with `ack [ID]`, `pong`, `no ID|- [TOPIC,TOPIC]` (it refuses the topics) or `already ID|- [TOPIC,TOPIC]`
 *   (they are subscribed already).
 * - It also sends `bye` (it will shut down), `noise` (a frame to ignore) and `throw` (the decoder throws).
 *
 * Anything else is malformed.
 */
export function fakeVenue(overrides: Partial<Venue> = {}): Venue {
  return {
    id: 'bybit',
    limits: {
      topicsPerConnection: 100,
      messagesPerSecond: 500,
      connectionsPerFiveMinutes: 1000,
    },
    contiguousTradeIds: false,
    topics: (instrument, channel) => [`${channel}.${instrument.venueSymbol}`],
    control: (purpose, topics, nextId) => inBatches(purpose === 'subscribe' ? 'sub' : 'unsub', topics, nextId),
    newDecoder: (context) => (frame) => decode(Buffer.from(frame.data).toString(), frame.receivedAt, context),
    instruments: { path: '/instruments', weight: 1, parse: () => ({ rows: [], malformed: 0 }) },
    dayVolumes: { path: '/volumes', weight: 1, parse: () => ({ rows: [], malformed: 0 }) },
    time: { path: '/time', weight: 1, parse: Number },
    restWeightPerMinute: 1000,
    refusal: (status, headers, body) =>
      new Fault(status === 451 ? 'region_blocked' : 'unavailable', body, {
        status,
        retry:
          headers['retry-after'] === undefined
            ? { kind: 'never' }
            : { kind: 'after', afterMs: Number(headers['retry-after']) * 1000 },
      }),
    ...overrides,
  };
}

export const BATCH = 10;

function inBatches(verb: string, topics: readonly string[], nextId: () => number): ControlRequest[] {
  const requests: ControlRequest[] = [];
  for (let at = 0; at < topics.length; at += BATCH) {
    const batch = topics.slice(at, at + BATCH);
    const id = String(nextId());
    requests.push({ id, frame: `${verb} ${id} ${batch.join(',')}`, topics: batch });
  }
  return requests;
}

function decode(text: string, receivedAt: number, context: DecoderContext): Decoded {
  const [word, first = '', second = ''] = text.split(' ');
  switch (word) {
    case 'trade':
      return frameOf(trade(first, second, receivedAt, context));
    case 'odd':
      return { ...frameOf(trade(first, second, receivedAt, context)), warning: 'inverted_spread' };
    case 'repeat':
      return { kind: 'value', key: 'BTC', at: receivedAt, value: [] };
    case 'ack':
      return { kind: 'ack', id: first === '' ? undefined : first };
    case 'pong':
      return { kind: 'pong' };
    case 'no':
    case 'already': {
      const fault = new Fault('subscription_rejected', text, { retry: { kind: 'never' } });
      const id = first === '-' ? undefined : first;
      const refused = { kind: 'refused', id, topics: second === '' ? [] : second.split(','), fault } as const;
      return word === 'no' ? refused : { ...refused, alreadySubscribed: true };
    }
    case 'bye':
      return { kind: 'closing', reason: 'server_shutdown' };
    case 'noise':
      return { kind: 'ignored', reason: 'unknown_event' };
    case 'throw':
      throw new Error('a bug');
    default:
      return { kind: 'malformed', fault: new Fault('malformed', 'no such word', { field: 'word' }) };
  }
}

function frameOf(event: TradeEvent): MarketFrame {
  return { kind: 'value', key: event.symbol, at: event.receivedAt, value: [event] };
}

function trade(symbol: string, tradeId: string, receivedAt: number, context: DecoderContext): TradeEvent {
  return {
    kind: 'trade',
    venue: 'bybit',
    symbol,
    venueSymbol: symbol,
    coin: symbol.slice(0, 3),
    environment: context.environment,
    epoch: 0,
    receivedAt,
    price: '1',
    quantity: '1',
    isBuyerMaker: false,
    timestamp: 0,
    eventTime: null,
    tradeId,
    lastTradeId: null,
    conditions: [],
    source: 'live',
    timestampUs: null,
  };
}
