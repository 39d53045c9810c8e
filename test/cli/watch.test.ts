import { afterEach, expect, it } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import { localServer } from '../net/local-server.ts';
import { fakeIo, fakeOutput } from './fake-io.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const bybitBook = (type: 'snapshot' | 'delta', u: number, b: object, a: object) =>
  JSON.stringify({
    topic: 'orderbook.50.BTCUSDT',
    ts: 1672304484978,
    type,
    data: { s: 'BTCUSDT', b, a, u, seq: 9 },
    cts: 1672304484976,
  });
const BYBIT_BOOK = [
  bybitBook('snapshot', 7, [['16493.50', '0.006']], [['16611.00', '0.029']]),
  bybitBook('delta', 8, [['16493.50', '0']], []),
];

/** Watches a venue that answers a subscription to `topic` with the frames. Returns the requests and the output. */
async function watch(venue: VenueId, channel: string, frames: readonly string[], isTerminal = false) {
  const asked: string[] = [];
  const server = await localServer({
    onConnection(connection) {
      connection.on('message', (text) => {
        const { params, args } = JSON.parse(String(text)) as { params?: string[]; args?: string[] };
        asked.push(...(params ?? args ?? []));
        for (const frame of frames) connection.send(frame);
      });
    },
  });
  cleanups.push(() => server.close());
  const io = fakeIo({ [`MARKET_FEED__VENUES__${venue.toUpperCase()}__WEBSOCKET_URLS`]: server.url });
  const out = fakeOutput(isTerminal);
  const argv = ['watch', 'btcusdt', channel, String(frames.length), '--venue', venue];
  const code = await dispatch(argv, { ...io, out });
  expect([code, io.err.text()]).toEqual([0, '']);
  return { asked, lines: out.text().trimEnd().split('\n') };
}

it('watch prints a book snapshot and then its change, each as one JSON object', async () => {
  const { asked, lines } = await watch('bybit', 'depth', BYBIT_BOOK);
  expect(asked).toEqual(['orderbook.50.BTCUSDT']);
  const [book, change] = lines.map((line) => JSON.parse(line) as object);
  expect(book).toMatchObject({
    symbol: 'BTCUSDT',
    first_update_id: '7',
    last_update_id: '7',
    snapshot: true,
    bids: [{ price: '16493.5', quantity: '0.006' }],
    asks: [{ price: '16611', quantity: '0.029' }],
    timestamp: 1672304484976,
  });
  expect(change).toMatchObject({ snapshot: false, bids: [{ price: '16493.5', quantity: '0' }], asks: [] });
});

it('watch prints one row of readable text for each book update on a terminal', async () => {
  const { lines } = await watch('bybit', 'depth', BYBIT_BOOK, true);
  expect(lines[0]).toMatch(/BTCUSDT +snapshot +bid +16,?493\.5\d* +× .* ask +16,?611.* 1 \+ 1 levels +bybit +#7–7/);
  expect(lines[1]).toMatch(/BTCUSDT +change +1 \+ 0 levels +bybit +#8–8/);
});

it.each([
  ['depth', 'btcusdt@depth@100ms', { e: 'depthUpdate', E: 1672515782136, s: 'BTCUSDT', U: 5, u: 6, b: [], a: [] }],
  ['depth5', 'btcusdt@depth5', { lastUpdateId: 6, bids: [], asks: [] }],
  ['depth10', 'btcusdt@depth10', { lastUpdateId: 6, bids: [], asks: [] }],
  ['depth20', 'btcusdt@depth20', { lastUpdateId: 6, bids: [], asks: [] }],
])('watch subscribes %s of Binance through the stream %s', async (channel, stream, data) => {
  const { asked, lines } = await watch('binance', channel, [JSON.stringify({ stream, data })]);
  expect(asked).toEqual([stream]);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ last_update_id: '6', snapshot: channel !== 'depth' });
});

it('watch shows control characters of a close reason as their numbers', async () => {
  const server = await localServer({
    onConnection: (connection) => connection.close(1008, '\u001b]0;title\u0007\nmarket-feed: forged line'),
  });
  cleanups.push(() => server.close());
  const io = fakeIo({ MARKET_FEED__VENUES__BYBIT__WEBSOCKET_URLS: server.url });
  expect(await dispatch(['watch', 'btcusdt', 'trade', '--venue', 'bybit'], io)).toBe(1);
  expect(io.err.text()).toMatch(/^market-feed: watch: bybit: .*\\x1b\]0;title\\x07\\x0amarket-feed: forged line.*\n$/);
});

/** A venue that sends book tickers with rising update ids, two a millisecond. */
async function busyVenue() {
  const server = await localServer({
    onConnection(connection) {
      let id = 1;
      connection.on('message', () => {
        const timer = setInterval(() => {
          for (const u of [id++, id++])
            connection.send(
              JSON.stringify({
                stream: 'btcusdt@bookTicker',
                data: { u, s: 'BTCUSDT', b: '100.1', B: '2', a: '100.35', A: '3' },
              }),
            );
        }, 1);
        connection.on('close', () => clearInterval(timer));
      });
    },
  });
  cleanups.push(() => server.close());
  return server.url;
}

it.each([false, true])(
  'watch --every prints the newest book ticker with its spread (terminal: %s)',
  async (isTerminal) => {
    const io = fakeIo({ MARKET_FEED__VENUES__BINANCE__WEBSOCKET_URLS: await busyVenue() });
    const out = fakeOutput(isTerminal);
    const argv = ['watch', 'btcusdt', 'book_ticker', '3', '--venue', 'binance', '--every', '0.1'];
    const began = performance.now();
    expect(await dispatch(argv, { ...io, out })).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(250);
    const lines = out.text().trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    if (isTerminal) {
      expect(lines[0]).toMatch(/ bid +100\.1 +× +2 +ask +100\.35 +× +3 +spread 0\.25 +binance$/);
      return;
    }
    const [first, second, third] = lines.map((line) => JSON.parse(line) as { update_id: string; spread: string });
    expect(first).toMatchObject({ bid_price: '100.1', ask_price: '100.35', spread: '0.25' });
    expect(Number(second?.update_id)).toBeGreaterThan(Number(first?.update_id) + 1);
    expect(Number(third?.update_id)).toBeGreaterThan(Number(second?.update_id) + 1);
  },
);

it('watch exits when it is stopped, even if a write to stdout never completes', async () => {
  const server = await localServer({
    onConnection: (connection) => connection.on('message', () => connection.send(BYBIT_BOOK[0] ?? '')),
  });
  cleanups.push(() => server.close());
  const stop = new AbortController();
  const write = () => {
    stop.abort();
    return new Promise<void>(() => {});
  };
  const out = { ...fakeOutput(), write };
  const io = fakeIo({ MARKET_FEED__VENUES__BYBIT__WEBSOCKET_URLS: server.url });
  const argv = ['watch', 'btcusdt', 'depth', '5', '--venue', 'bybit'];
  expect(await dispatch(argv, { ...io, out, signal: stop.signal })).toBe(0);
});
