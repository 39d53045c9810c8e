import { asyncScheduler } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { Channel, Instrument } from '../../../src/domain/instrument.ts';
import type { VenueEvent } from '../../../src/domain/venue-event.ts';
import { binanceSpot as binance } from '../../../src/venues/binance/venue.ts';
import { bybitSpot as bybit } from '../../../src/venues/bybit/venue.ts';
import { connect } from '../../../src/venues/connection/connect.ts';
import { planConnections } from '../../../src/venues/connection/plan-connections.ts';
import type { Venue } from '../../../src/venues/contract.ts';
import { until } from '../../../testing/tools/until.ts';
import { localServer } from '../../net/local-server.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const CHANNELS: readonly Channel[] = ['trade', 'ticker', 'book_ticker', 'kline_1m'];
const COINS = ['BTC', 'ETH', 'SOL', 'NOSUCH'];
const instruments: readonly Instrument[] = COINS.map((coin) => ({
  coin,
  symbol: `${coin}USDT`,
  venueSymbol: `${coin}USDT`,
}));

/** Answers of a venue to a request, with the wording of its documents and of recordings. */
type Answer = (request: Record<string, unknown>) => readonly string[];

const bybitAnswers: Answer = ({ op, req_id: id, args = [] }) => {
  const topics = args as readonly string[];
  if (op === 'ping') return [`{"success":true,"ret_msg":"pong","conn_id":"c","req_id":"${id}","op":"ping"}`];
  if (topics.length > 10) return ['{"success":false,"ret_msg":"args size \\u003e10","conn_id":"c","op":"subscribe"}'];
  const bad = topics.find((topic) => topic.includes('NOSUCH'));
  if (bad !== undefined)
    return [`{"success":false,"ret_msg":"Invalid symbol :[${bad}]","conn_id":"c","op":"subscribe"}`];
  const data = topics
    .filter((topic) => topic.startsWith('publicTrade'))
    .map(
      (topic) =>
        `{"topic":"${topic}","ts":1723161255343,"type":"snapshot","data":[{"i":"2290000001227213949","T":1723161255342,"p":"61837.63","v":"0.02","S":"Sell","seq":1,"s":"${topic.split('.')[1]}","BT":false,"RPI":false}]}`,
    );
  return [...data, `{"success":true,"ret_msg":"subscribe","conn_id":"c","req_id":"${id}","op":"subscribe"}`];
};

const binanceAnswers: Answer = ({ id, params = [] }) => {
  const topics = params as readonly string[];
  if (topics.some((topic) => topic.includes('nosuch')))
    return [`{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":${id}}`];
  const data = topics
    .filter((topic) => topic.endsWith('@trade'))
    .map(
      (topic) =>
        `{"stream":"${topic}","data":{"e":"trade","E":1723161255343,"s":"${topic.split('@')[0]?.toUpperCase()}","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}`,
    );
  return [...data, `{"result":null,"id":${id}}`];
};

describe.each<[string, Venue, Answer, string]>([
  ['bybit', bybit, bybitAnswers, '2290000001227213949'],
  ['binance', binance, binanceAnswers, '3735683259'],
])('connect with %s', (_name, venue, answers, tradeId) => {
  it('subscribes to known topics, reports refused topics and emits the trades', async () => {
    const server = await localServer({
      onConnection(connection: WebSocket) {
        connection.on('message', (text) => {
          for (const frame of answers(JSON.parse(String(text)))) connection.send(frame);
        });
      },
    });
    cleanups.push(() => server.close());
    const [plan] = planConnections(venue, { instruments, channels: CHANNELS, lines: 1, websocketUrls: [server.url] });
    if (plan === undefined) throw new Error('no plan');
    const events: VenueEvent[] = [];
    const line$ = connect({
      // This test runs in real time. The pacing of a real venue would take too long, and has tests of its own.
      venue: { ...venue, limits: { ...venue.limits, messagesPerSecond: 1000 } },
      url: plan.url,
      topics: () => plan.topics,
      context: {
        environment: 'simulated',
        instruments: new Map(instruments.map((instrument) => [instrument.venueSymbol, instrument])),
      },
      scheduler: asyncScheduler,
      connectTimeoutMs: 3000,
      probeAfterMs: 200,
      compression: false,
      maxFrameMb: 32,
    });
    const subscription = line$.subscribe((event) => events.push(event));
    cleanups.push(() => subscription.unsubscribe());
    const topicsOf = (kind: 'subscribed' | 'refused') =>
      events.flatMap((event) => (event.kind === kind ? event.topics : [])).sort();
    const isBad = (topic: string) => topic.toUpperCase().includes('NOSUCH');

    await until(() => topicsOf('subscribed').length + topicsOf('refused').length >= plan.topics.length);
    expect(topicsOf('subscribed')).toEqual(plan.topics.filter((topic) => !isBad(topic)).sort());
    expect(topicsOf('refused')).toEqual(plan.topics.filter(isBad).sort());
    const trades = events.flatMap((event) => (event.kind === 'value' ? event.value : []));
    expect(trades.map(({ symbol }) => symbol).sort()).toEqual(['BTCUSDT', 'ETHUSDT', 'SOLUSDT']);
    expect(trades).toContainEqual(
      expect.objectContaining({ kind: 'trade', tradeId, price: '61837.63', quantity: '0.02', isBuyerMaker: true }),
    );
    expect(events.filter(({ kind }) => kind === 'malformed' || kind === 'ignored')).toEqual([]);

    // Without data, the connection probes the venue in its own way, and gets an answer.
    await until(() => events.some((event) => event.kind === 'answered' && event.what === 'pong'), {
      message: 'the pong',
    });
  });
});
