import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toJson } from '../../../src/codec/json-view.ts';
import type { BookDelta } from '../../../src/domain/record.ts';
import { kline } from '../../../testing/judges/events.ts';
import {
  bookDelta,
  heartbeat,
  largeTrade,
  orderBook,
  price,
  status,
  trade,
  tradeStats,
} from '../../../testing/records/gateway-records.ts';
import { limitMs } from '../../../testing/tools/limit-ms.ts';
import { until } from '../../../testing/tools/until.ts';
import { gatewayUnderTest, type Row } from '../gateway-under-test.ts';

const ids = (trades: readonly Row[]) => trades.map(({ trade_id: id }) => Number(id));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe('WebSocket paths with a fixed subscription', () => {
  it('sends the last price first, then conflated price updates', async () => {
    const { publish, open } = await gatewayUnderTest();
    publish(price('99'), price('100'));
    const probe = await open('/ws/asset/btc/prices/');
    expect(await probe.untilGot('price', 1)).toEqual([toJson(price('100'))]);
    publish(...range(1, 50).map((cents) => price(String(100 + cents / 100))));
    publish(price('7', { symbol: 'ETHUSDT', coin: 'ETH' }));
    await until(() => probe.of('price').at(-1)?.price === '100.5');
    expect(probe.of('price').length).toBeLessThanOrEqual(3);
    expect(probe.of('price').every(({ symbol }) => symbol === 'BTCUSDT')).toBe(true);
  });

  it('sends a price at most ten times a second', async () => {
    const { publish, open } = await gatewayUnderTest();
    publish(price('1'));
    const from = performance.now();
    const probe = await open('/ws/asset/BTCUSDT/prices/');
    await probe.untilGot('price', 1);
    let cents = 0;
    await until(
      () => {
        publish(price(String(++cents)));
        return probe.messages.length >= 21;
      },
      { everyMs: 1 },
    );
    // 21 messages take 20 intervals of 100 ms. The first interval may have begun before `from`.
    expect(performance.now() - from).toBeGreaterThan(1880);
  });

  it('sends the last 50 trades oldest first in one array, then each new trade once', async () => {
    const { publish, open } = await gatewayUnderTest();
    publish(...range(1, 80).map((id) => trade(id)));
    const probe = await open('/ws/asset/BTC/trades/');
    await probe.untilGot('trade', 50);
    expect(probe.messages).toHaveLength(1);
    expect(probe.of('trade')[0]).toEqual(toJson(trade(31)));
    for (const id of range(81, 100)) publish(trade(id));
    expect(ids(await probe.untilGot('trade', 70))).toEqual(range(31, 100));
  });

  it('sends the status records, including heartbeats', async () => {
    const { publish, open } = await gatewayUnderTest();
    publish(heartbeat());
    const probe = await open('/ws/status/');
    await probe.untilGot('status', 1);
    publish(status('failed_over', { venue: 'binance' }), heartbeat());
    expect((await probe.untilGot('status', 3)).map(({ state }) => state)).toEqual([
      'heartbeat',
      'failed_over',
      'heartbeat',
    ]);
  });

  it('answers a message from the client with an error', async () => {
    const { publish, open } = await gatewayUnderTest();
    publish(price('1'));
    const probe = await open('/ws/asset/BTC/prices/');
    probe.ask({ op: 'subscribe', channel: 'trades', symbols: ['BTC'] });
    expect(await probe.untilGot('error', 1)).toMatchObject([{ error: 'bad_message' }]);
  });
});

describe('WebSocket path /ws/', () => {
  it('serves several symbols and channels while the client subscribes and unsubscribes', async () => {
    const { publish, open } = await gatewayUnderTest();
    const eth = { symbol: 'ETHUSDT', coin: 'ETH' } as const;
    publish(trade(1), trade(1, eth), price('100'), price('7', eth));
    const probe = await open('/ws/');
    probe.ask({ op: 'subscribe', channel: 'trades', symbols: ['btc'] });
    await probe.untilGot('trade', 1);
    probe.ask({ op: 'subscribe', channel: 'trades', symbols: ['ETHUSDT', 'BTC'] });
    expect(await probe.untilGot('trade', 2)).toMatchObject([{ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }]);
    publish(trade(2), trade(2, eth));
    await probe.untilGot('trade', 4);
    probe.ask({ op: 'unsubscribe', channel: 'trades', symbols: ['btc'] });
    probe.ask({ op: 'subscribe', channel: 'prices', symbols: ['*'] });
    expect(await probe.untilGot('price', 2)).toMatchObject([{ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }]);
    publish(trade(3), trade(3, eth), price('8', { ...eth, symbol: 'NEWUSDT', coin: 'NEW' }));
    expect((await probe.untilGot('trade', 5)).at(-1)).toMatchObject({ symbol: 'ETHUSDT', trade_id: '3' });
    expect((await probe.untilGot('price', 3)).at(-1)).toMatchObject({ symbol: 'NEWUSDT' });
    expect(probe.of('error')).toEqual([]);
  });

  it('sends each trade once to a client that extends its subscription from one symbol to all', async () => {
    const { publish, open } = await gatewayUnderTest();
    publish(trade(1), trade(1, { symbol: 'ETHUSDT', coin: 'ETH' }));
    const probe = await open('/ws/');
    probe.ask({ op: 'subscribe', channel: 'trades', symbols: ['BTC'] });
    await probe.untilGot('trade', 1);
    publish(trade(2));
    probe.ask({ op: 'subscribe', channel: 'trades', symbols: ['*'] });
    await probe.untilGot('trade', 3);
    publish(trade(3));
    await until(() => probe.of('trade').at(-1)?.trade_id === '3');
    expect(probe.of('trade').map(({ symbol, trade_id: id }) => `${symbol} ${id}`)).toEqual([
      'BTCUSDT 1',
      'BTCUSDT 2',
      'ETHUSDT 1',
      'BTCUSDT 3',
    ]);
  });

  it('serves order books, candles, statistics, large trades and the overview', async () => {
    const { publish, open } = await gatewayUnderTest();
    const candle = { venue: 'bybit', epoch: 1, environment: 'simulated' } as const;
    publish(heartbeat(), orderBook(), kline(0, 1, candle));
    const probe = await open('/ws/');
    for (const channel of ['orderbook', 'klines', 'stats', 'large_trades'])
      probe.ask({ op: 'subscribe', channel, symbols: ['BTC'] });
    probe.ask({ op: 'subscribe', channel: 'overview' });
    expect(await probe.untilGot('orderbook', 1)).toMatchObject([{ update_id: '7', mid: '100', stale: false }]);
    expect(await probe.untilGot('kline', 1)).toMatchObject([{ open_time: 0 }]);
    publish(
      orderBook({ updateId: '8' }),
      orderBook({ updateId: '9' }),
      kline(0, 2, candle),
      tradeStats(0),
      largeTrade(4),
    );
    expect((await probe.untilGot('orderbook', 2)).at(-1)).toMatchObject({ update_id: '9' });
    expect((await probe.untilGot('kline', 2)).at(-1)).toMatchObject({ timestamp: 2 });
    expect(await probe.untilGot('stats', 1)).toMatchObject([{ window_ms: 60_000 }]);
    expect(await probe.untilGot('large_trade', 1)).toMatchObject([{ trade_id: '4', multiple: 20 }]);
    expect((await probe.untilGot('overview', 2))[0]).toMatchObject({ active_venue: 'bybit', coins: [{ coin: 'BTC' }] });
  });

  it('sends the changes of a book between its published records, with as many levels as these have', async () => {
    const { open, publish } = await gatewayUnderTest();
    const level = (price: string, quantity = '1') => ({ price, quantity });
    const delta = (id: number, fields: Partial<BookDelta>) =>
      bookDelta({ previousUpdateId: String(id - 1), lastUpdateId: String(id), ...fields });
    const published = orderBook({ updateId: '10', bids: [level('99')], asks: [level('101')] });
    const whole = { bids: [level('99'), level('98')], asks: [level('101'), level('102')] };
    publish(heartbeat(), bookDelta({ snapshot: true, lastUpdateId: '10', ...whole }), published);
    const probe = await open('/ws/');
    probe.ask({ op: 'subscribe', channel: 'orderbook', symbols: ['BTC'] });
    await probe.untilGot('orderbook', 1);
    publish(delta(11, { bids: [level('99', '0')] }));
    const [first, second] = await probe.untilGot('orderbook', 2);
    expect(first).toMatchObject({ update_id: '10', bids: [level('99')], asks: [level('101')] });
    expect(second).toMatchObject({ update_id: '11', bids: [level('98')], mid: '99.5', stale: false });
    // A change is missing before this one, so nothing newer is known until the next published record.
    publish(delta(13, { bids: [level('97', '5')] }));
    publish(orderBook({ updateId: '14', bids: [level('96')], asks: [level('101')] }));
    expect(await probe.untilGot('orderbook', 3)).toMatchObject([{}, {}, { update_id: '14', bids: [level('96')] }]);
  });

  it('sends a client that asks for all books only the published ones, because the changes of all are too many', async () => {
    const { open, publish } = await gatewayUnderTest();
    const eth = { coin: 'ETH', symbol: 'ETHUSDT' };
    const whole = { snapshot: true, lastUpdateId: '10' };
    const change = { previousUpdateId: '10', lastUpdateId: '11', bids: [{ price: '98.5', quantity: '1' }] };
    publish(heartbeat(), bookDelta(whole), orderBook({ updateId: '10' }));
    publish(bookDelta({ ...whole, ...eth }), orderBook({ updateId: '10', ...eth }));
    const [all, one] = [await open('/ws/'), await open('/ws/')];
    all.ask({ op: 'subscribe', channel: 'orderbook', symbols: ['*'] });
    await all.untilGot('orderbook', 2);
    one.ask({ op: 'subscribe', channel: 'orderbook', symbols: ['ETH'] });
    await one.untilGot('orderbook', 1);
    publish(bookDelta(change), bookDelta({ ...change, ...eth }));
    await one.untilGot('orderbook', 2);
    publish(orderBook({ updateId: '11' }));
    const symbols = (await all.untilGot('orderbook', 4)).map((book) => (book as { symbol: string }).symbol);
    expect(symbols.slice(2)).toEqual(['ETHUSDT', 'BTCUSDT']);
  });

  it('groups the levels of a book in the steps that each client asks for', async () => {
    const { open, publish } = await gatewayUnderTest();
    publish(heartbeat(), orderBook({ updateId: '1' }));
    const probe = await open('/ws/');
    const other = await open('/ws/');
    probe.ask({ op: 'subscribe', channel: 'orderbook', symbols: ['BTC'], step: '1' });
    other.ask({ op: 'subscribe', channel: 'orderbook', symbols: ['BTC'] });
    const grouped = { bids: [{ price: '99', quantity: '3.25' }], asks: [{ price: '101', quantity: '4' }] };
    expect(await probe.untilGot('orderbook', 1)).toMatchObject([{ ...grouped, spread: '1', mid: '100' }]);
    await other.untilGot('orderbook', 1);
    publish(orderBook({ updateId: '2' }));
    expect((await probe.untilGot('orderbook', 2)).at(-1)).toMatchObject({ update_id: '2', ...grouped });
    expect((await other.untilGot('orderbook', 2)).at(-1)).toMatchObject({ bids: [{ price: '99.5' }, { price: '99' }] });
    probe.ask({ op: 'subscribe', channel: 'orderbook', symbols: ['BTC'], step: '0.5' });
    expect((await probe.untilGot('orderbook', 3)).at(-1)).toMatchObject({ bids: [{ price: '99.5' }, { price: '99' }] });
  });

  it.each([
    ['no JSON', 'x', { error: 'bad_message' }],
    ['no object', [], { error: 'bad_message' }],
    [
      'another op',
      { op: 'buy', channel: 'prices', symbols: ['*'] },
      { details: { field: 'op', allowed: 'subscribe, unsubscribe' } },
    ],
    ['another channel', { op: 'subscribe', channel: 'x' }, { details: { field: 'channel' } }],
    [
      'a step that is not positive',
      { op: 'subscribe', channel: 'orderbook', symbols: ['BTC'], step: '0' },
      { details: { field: 'step' } },
    ],
    [
      'a step of another channel',
      { op: 'subscribe', channel: 'prices', symbols: ['BTC'], step: '1' },
      { details: { field: 'step' } },
    ],
    ['no symbols', { op: 'subscribe', channel: 'prices' }, { details: { field: 'symbols' } }],
    [
      'symbols of another kind',
      { op: 'subscribe', channel: 'prices', symbols: 'BTC' },
      { details: { field: 'symbols' } },
    ],
    ['an unknown key', { op: 'subscribe', channel: 'overview', x: 1 }, { details: { field: 'x' } }],
    [
      'an unknown symbol',
      { op: 'subscribe', channel: 'prices', symbols: ['BTCUSD'] },
      { error: 'unknown_symbol', details: { nearest: 'BTCUSDT' } },
    ],
    ['part of all', { op: 'unsubscribe', channel: 'trades', symbols: ['BTC'] }, { details: { field: 'symbols' } }],
  ])('answers a wrong request with an error and keeps the subscription: %s', async (_what, message, error) => {
    const { publish, open } = await gatewayUnderTest();
    publish(trade(1), price('1'));
    const probe = await open('/ws/');
    probe.ask({ op: 'subscribe', channel: 'trades', symbols: ['*'] });
    probe.ask(message);
    expect(await probe.untilGot('error', 1)).toMatchObject([{ message: expect.any(String), ...error }]);
    publish(trade(2));
    expect(ids(await probe.untilGot('trade', 2))).toEqual([1, 2]);
  });

  it('reports ten unknown symbols, counts the others, and subscribes to the known symbol', async () => {
    const { publish, open } = await gatewayUnderTest();
    publish(price('1'));
    const probe = await open('/ws/');
    probe.ask({ op: 'subscribe', channel: 'prices', symbols: [...range(1, 900).map((id) => `BT${id}`), 'BTC'] });
    expect(await probe.untilGot('price', 1)).toMatchObject([{ price: '1' }]);
    const errors = probe.of('error');
    expect(errors).toHaveLength(11);
    expect(errors[9]).toMatchObject({ error: 'unknown_symbol', details: { symbol: 'BT10', nearest: 'BTCUSDT' } });
    expect(errors[10]).toMatchObject({ error: 'unknown_symbol', details: { more: 890 } });
  });

  it('sends a closed candle and the next candle if both arrive within one tick', async () => {
    const { publish, open } = await gatewayUnderTest();
    const candle = { venue: 'bybit', epoch: 1, environment: 'simulated' } as const;
    publish(kline(0, 1, candle));
    const probe = await open('/ws/');
    probe.ask({ op: 'subscribe', channel: 'klines', symbols: ['BTC'] });
    await probe.untilGot('kline', 1);
    publish(kline(0, 2, { ...candle, closed: true }), kline(60_000, 3, candle));
    expect(await probe.untilGot('kline', 3)).toMatchObject([
      { open_time: 0 },
      { open_time: 0, closed: true },
      { open_time: 60_000, closed: false },
    ]);
  });

  it('closes a client that sends too many messages or a message that is too long', async () => {
    const { open } = await gatewayUnderTest();
    const flood = await open('/ws/');
    for (let at = 0; at < 300; at++) flood.ask('x');
    await until(() => flood.closed);
    expect(flood.closed).toEqual({ code: 1008, reason: 'too many messages' });
    const long = await open('/ws/');
    long.ask('x'.repeat(20_000));
    await until(() => long.closed);
    expect(long.closed?.code).toBe(1009);
  });

  it('closes a client that sends a message in too many parts', async () => {
    const { open } = await gatewayUnderTest();
    const probe = await open('/ws/');
    for (let at = 0; at < 65; at++) probe.socket.send('', { fin: false });
    await until(() => probe.closed);
    expect(probe.closed?.code).toBe(1008);
  });

  it('cuts a client off that keeps sending after it was closed for too many messages', async () => {
    const { url } = await gatewayUnderTest();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    const key = randomBytes(16).toString('base64');
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
    socket.write(`GET /ws/ HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\nSec-WebSocket-Key: ${key}\r\n\r\n`);
    await once(socket, 'data');
    // A message without content, masked with zeros.
    socket.write(Buffer.from('818000000000', 'hex').toString('latin1').repeat(1000), 'latin1');
    const at = performance.now();
    // Reads the answers, but never answers the close frame.
    socket.resume();
    await once(socket, 'close');
    expect(performance.now() - at).toBeLessThan(limitMs(2000));
  });
});

describe('WebSocket client that does not read', () => {
  /** A trade of about 4 KB. Such trades soon fill the buffers of the operating system. */
  const fat = (id: number) => trade(id, { conditions: ['x'.repeat(4000)] });

  it('receives the exact count of its missed trades, and does not delay another client', async () => {
    const { publish, open, gateway } = await gatewayUnderTest();
    publish(fat(1));
    const [slow, quick] = [await open('/ws/asset/BTC/trades/'), await open('/ws/asset/BTC/trades/')];
    await Promise.all([slow.untilGot('trade', 1), quick.untilGot('trade', 1)]);
    slow.socket.pause();
    const sent = 10_000;
    for (let id = 2; id <= sent; id += 50) {
      publish(...range(id, Math.min(id + 49, sent)).map(fat));
      await quick.untilGot('trade', Math.min(id + 49, sent));
    }
    expect(ids(quick.of('trade'))).toEqual(range(1, sent));
    expect(quick.of('missed')).toEqual([]);
    slow.socket.resume();
    await until(() => slow.of('trade').at(-1)?.trade_id === String(sent));
    const missed = slow.of('missed').reduce((sum, { count }) => sum + Number(count), 0);
    expect(missed).toBeGreaterThan(0);
    expect(slow.of('trade').length + missed).toBe(sent);
    expect(slow.of('missed')[0]).toEqual({ channel: 'trades', symbol: 'BTCUSDT', count: missed });
    const missedAt = slow.messages.findIndex(({ type }) => type === 'missed');
    const before = ids(slow.messages.slice(0, missedAt).flatMap(({ data }) => data));
    const after = ids(slow.messages.slice(missedAt + 1).flatMap(({ data }) => data));
    expect(before).toEqual(range(1, before.length));
    expect(after).toEqual(range(before.length + missed + 1, sent));
    expect(gateway.stats()).toMatchObject({ clients: 2, missed_trades: missed });
  });

  it('skips older prices and receives the newest price when it reads again', async () => {
    const { publish, open } = await gatewayUnderTest();
    publish(price('1'));
    const slow = await open('/ws/');
    slow.ask({ op: 'subscribe', channel: 'prices', symbols: ['*'] });
    slow.ask({ op: 'subscribe', channel: 'trades', symbols: ['*'] });
    await slow.untilGot('price', 1);
    slow.socket.pause();
    for (let id = 1; id <= 100; id++) {
      publish(...range(id * 100, id * 100 + 99).map(fat), price(String(id)));
      await until(() => true, { everyMs: 1 });
    }
    publish(price('101'));
    slow.socket.resume();
    await until(() => slow.of('price').at(-1)?.price === '101');
    expect(slow.of('price').length).toBeLessThan(20);
  });

  it('is closed after 30 seconds, while a client that still answers stays open', async () => {
    const { publish, open, time, gateway } = await gatewayUnderTest();
    publish(price('1'));
    const [dead, alive] = [await open('/ws/asset/BTC/prices/'), await open('/ws/asset/BTC/prices/')];
    dead.socket.pause();
    time.pass(20_000);
    alive.socket.ping();
    await alive.untilGot('price', 1);
    alive.ask('x');
    await alive.untilGot('error', 1);
    time.pass(10_500);
    await until(() => gateway.stats().clients === 1);
    expect(gateway.stats().closed_slow).toBe(1);
    expect(alive.closed).toBeUndefined();
  });
});

describe('WebSocket access', () => {
  it('accepts the token in header, query or subprotocol, and does not echo it', async () => {
    const { open } = await gatewayUnderTest({ token: 'sesame' });
    await expect(open('/ws/')).rejects.toThrow('401');
    await expect(open('/ws/?token=sesam')).rejects.toThrow('401');
    await expect(open('/ws/', ['market-feed', 'token.x'])).rejects.toThrow('401');
    await open('/ws/?token=sesame');
    await open('/ws/', [], { headers: { authorization: 'Bearer sesame' } });
    const byProtocol = await open('/ws/', ['market-feed', 'token.sesame']);
    expect(byProtocol.socket.protocol).toBe('market-feed');
  });

  it('accepts clients of the same origin, of a listed origin or without an origin', async () => {
    const { open, url } = await gatewayUnderTest({ allowedOrigins: ['https://example.org'] });
    await expect(open('/ws/', [], { origin: 'https://example.com' })).rejects.toThrow(
      '403 {"error":"origin_not_allowed"',
    );
    await open('/ws/', [], { origin: 'https://example.org' });
    await open('/ws/', [], { origin: url });
    await open('/ws/');
  });

  it('refuses unknown symbols, unknown paths and surplus clients before the upgrade', async () => {
    const { open } = await gatewayUnderTest({}, { maxClients: 1 });
    await expect(open('/ws/asset/ZZZ/prices/')).rejects.toThrow('404 {"error":"unknown_symbol"');
    await expect(open('/ws/nothing/')).rejects.toThrow('404');
    await open('/ws/');
    await expect(open('/ws/')).rejects.toThrow('503 {"error":"too_many_clients"');
  });

  it('closes its clients with code 1001 when the gateway stops', async () => {
    const { open, gateway } = await gatewayUnderTest();
    const probe = await open('/ws/');
    await gateway.close();
    await until(() => probe.closed);
    expect(probe.closed).toEqual({ code: 1001, reason: 'the gateway stops' });
  });
});
