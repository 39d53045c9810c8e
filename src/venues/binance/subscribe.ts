import type { Channel, Instrument, KlineInterval } from '../../domain/instrument.ts';
import type { ControlRequest } from '../contract.ts';

/** More streams in one message have been dropped in silence; batches of this size are common. */
const MAX_STREAMS_PER_REQUEST = 200;
const MAX_REQUEST_CHARACTERS = 4_000;

const STREAMS: Partial<Readonly<Record<Channel, string>>> = {
  trade: 'trade',
  agg_trade: 'aggTrade',
  ticker: 'ticker',
  mini_ticker: 'miniTicker',
  book_ticker: 'bookTicker',
};

/** The streams of a channel: symbols lower case, intervals as the domain names them. */
export function binanceTopics(
  intervals: ReadonlySet<KlineInterval>,
): (instrument: Instrument, channel: Channel) => readonly string[] {
  const klineChannels = new Set<Channel>([...intervals].map((interval) => `kline_${interval}` as const));
  return (instrument, channel) => {
    const stream = klineChannels.has(channel) ? channel : STREAMS[channel];
    return stream === undefined ? [] : [`${instrument.venueSymbol.toLowerCase()}@${stream}`];
  };
}

export function subscribe(topics: readonly string[], nextId: () => number): readonly ControlRequest[] {
  return requests('SUBSCRIBE', topics, nextId);
}

export function unsubscribe(topics: readonly string[], nextId: () => number): readonly ControlRequest[] {
  return requests('UNSUBSCRIBE', topics, nextId);
}

function requests(
  method: 'SUBSCRIBE' | 'UNSUBSCRIBE',
  topics: readonly string[],
  nextId: () => number,
): readonly ControlRequest[] {
  return batches([...new Set(topics)]).map((batch) => {
    const id = nextId();
    return { id: String(id), frame: JSON.stringify({ method, params: batch, id }), topics: batch };
  });
}

function batches(topics: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  let batch: string[] = [];
  let characters = 0;
  for (const topic of topics) {
    const length = topic.length + '"",'.length;
    if (
      batch.length === MAX_STREAMS_PER_REQUEST ||
      (batch.length > 0 && characters + length > MAX_REQUEST_CHARACTERS)
    ) {
      all.push(batch);
      batch = [];
      characters = 0;
    }
    batch.push(topic);
    characters += length;
  }
  return batch.length === 0 ? all : [...all, batch];
}
