import { describe, expect, it } from 'vitest';
import type { Channel, Instrument } from '../../../src/domain/instrument.ts';
import { type PlanOptions, planConnections } from '../../../src/venues/connection/plan-connections.ts';
import { fakeVenue } from '../fake-venue.ts';

const CHANNELS: readonly Channel[] = ['trade', 'ticker', 'book_ticker'];

function instruments(count: number): Instrument[] {
  return Array.from({ length: count }, (_, index) => ({
    coin: `C${index}`,
    symbol: `C${index}USDT`,
    venueSymbol: `C${index}USDT`,
  }));
}

function plan(topicsPerConnection: number, options: Partial<PlanOptions>, venue = fakeVenue()) {
  const limits = {
    topicsPerConnection,
    messagesPerSecond: 5,
    connectionsPerFiveMinutes: 1000,
  };
  return planConnections(
    { ...venue, limits },
    { instruments: instruments(2), channels: CHANNELS, lines: 1, websocketUrls: ['wss://a'], ...options },
  );
}

describe('planConnections', () => {
  it('puts all topics on one connection if they fit', () => {
    expect(plan(100, {})).toEqual([
      {
        group: 0,
        line: 0,
        url: 'wss://a',
        topics: [
          'trade.C0USDT',
          'ticker.C0USDT',
          'book_ticker.C0USDT',
          'trade.C1USDT',
          'ticker.C1USDT',
          'book_ticker.C1USDT',
        ],
      },
    ]);
  });

  it('keeps the topics of a symbol together', () => {
    const groups = plan(8, { instruments: instruments(5) });
    expect(groups.map(({ group, topics }) => [group, topics.length])).toEqual([
      [0, 6],
      [1, 6],
      [2, 3],
    ]);
    for (const { topics } of groups) {
      const symbols = new Set(topics.map((topic) => topic.split('.')[1]));
      expect(topics).toHaveLength(symbols.size * CHANNELS.length);
    }
  });

  it('fills a connection to its limit', () => {
    expect(plan(6, { instruments: instruments(4) }).map(({ topics }) => topics.length)).toEqual([6, 6]);
  });

  it('splits the topics of a symbol if they exceed the limit of a connection', () => {
    expect(plan(2, {}).map(({ topics }) => topics.length)).toEqual([2, 1, 2, 1]);
  });

  it("uses the venue's address for the topics of a connection", () => {
    const url = (configured: string, topics: readonly string[]) => `${configured}/${topics.length}`;
    expect(plan(3, {}, { ...fakeVenue(), url }).map((planned) => planned.url)).toEqual(['wss://a/3', 'wss://a/3']);
  });

  it('plans each group on the wanted number of lines, and assigns the URLs in turn', () => {
    const urls = ['wss://a', 'wss://b'];
    const planned = plan(6, { instruments: instruments(4), lines: 3, websocketUrls: urls });
    expect(planned.map(({ group, line, url }) => [group, line, url])).toEqual([
      [0, 0, 'wss://a'],
      [0, 1, 'wss://b'],
      [0, 2, 'wss://a'],
      [1, 0, 'wss://a'],
      [1, 1, 'wss://b'],
      [1, 2, 'wss://a'],
    ]);
    expect(planned[0]?.topics).toEqual(planned[1]?.topics);
    expect(planned[0]?.topics).not.toEqual(planned[3]?.topics);
  });

  it('subscribes once to a topic of two channels, and skips channels that the venue does not have', () => {
    const venue = fakeVenue({
      topics: ({ venueSymbol }, channel) => (channel === 'trade' ? [] : [`tickers.${venueSymbol}`]),
    });
    expect(plan(6, {}, venue)[0]?.topics).toEqual(['tickers.C0USDT', 'tickers.C1USDT']);
  });

  it('plans no connection without instruments or channels', () => {
    expect(plan(6, { instruments: [] })).toEqual([]);
    expect(plan(6, { channels: [] })).toEqual([]);
  });

  it('throws without a WebSocket URL', () => {
    expect(() => plan(6, { websocketUrls: [] })).toThrow('no address to connect to bybit');
  });
});
