import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { until } from '../../testing/tools/until.ts';
import { Client } from './client.ts';

const folder = mkdtempSync(join(tmpdir(), 'journal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Line {
  venue: string;
  symbol: string;
  kind: string;
  id: string;
  price: string;
  quantity: string;
  side: string;
  time: number;
  sent: number[];
  withheld?: true;
}

const read = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

/** Streams write their changes at least once in this time. */
const SLOWEST_STREAM_MS = 100;

/**
 * Stops the trades, and waits until each client has received everything that was sent to it: the pong comes after it.
 */
async function settle(simulator: Simulator, clients: readonly Client[]): Promise<void> {
  simulator.fault({ venue: 'all', fault: 'quiet' });
  const allWritten = Date.now() + 2 * SLOWEST_STREAM_MS;
  await until(() => Date.now() >= allWritten);
  for (const client of clients) client.ws.ping();
  await until(() => clients.every(({ pongs }) => pongs === 1), { everyMs: 1 });
}

describe('the journal of the simulator', () => {
  it('holds exactly the trades that each connection received, and those that none received', async () => {
    const path = join(folder, 'all.ndjson');
    const simulator = await startSimulator({ rate: 1_000, journal: path });
    const one = await Client.open(`${simulator.url}/binance/stream?streams=btcusdt@trade/ethusdt@trade`);
    const two = await Client.open(`${simulator.url}/binance/ws/btcusdt@trade`);
    const bybit = await Client.open(`${simulator.url}/bybit/v5/public/spot`);
    bybit.send({ op: 'subscribe', args: ['publicTrade.BTCUSDT', 'orderbook.1.BTCUSDT'] });
    await two.count(50);
    simulator.fault({ venue: 'binance', fault: 'skip_trades', line: 2, symbol: 'BTCUSDT', count: 5 });
    simulator.fault({ venue: 'bybit', fault: 'skip_trades', symbol: 'BTCUSDT', count: 5 });
    await two.count(150);
    await bybit.count(100);
    await settle(simulator, [one, two, bybit]);
    await simulator.close();

    const lines = read(path);
    const trades = (venue: string, connection: number) =>
      lines
        .filter(({ kind, sent, ...line }) => kind === 'trade' && line.venue === venue && sent.includes(connection))
        .map(({ symbol, id, price, quantity, side, time }) => [symbol, id, price, quantity, side, time]);
    const fromBinance = (message: Record<string, unknown>) => {
      const { s, t, p, q, m, T } = (message.data ?? message) as Record<string, unknown>;
      return [s, String(t), p, q, m === true ? 'sell' : 'buy', T];
    };
    expect(trades('binance', 1)).toEqual(one.messages.map(fromBinance));
    expect(trades('binance', 2)).toEqual(two.messages.map(fromBinance));
    const items = bybit.messages
      .filter(({ topic }) => topic === 'publicTrade.BTCUSDT')
      .flatMap(({ data }) => data as Record<string, unknown>[]);
    expect(trades('bybit', 1)).toEqual(items.map(({ s, i, p, v, S, T }) => [s, i, p, v, String(S).toLowerCase(), T]));

    const skipped = lines.filter(
      ({ venue, symbol, kind, sent }) =>
        venue === 'binance' && symbol === 'BTCUSDT' && kind === 'trade' && sent.join() === '1',
    );
    expect(skipped.length).toBeGreaterThanOrEqual(5);
    // Five trades were withheld from line 2, and five from Bybit's only line. Trades without a subscriber are not
    // withheld.
    const withheld = lines.filter((line) => line.withheld === true);
    expect(withheld.map(({ venue, symbol, kind, sent }) => [venue, symbol, kind, sent.join()])).toEqual(
      expect.arrayContaining([
        ['binance', 'BTCUSDT', 'trade', '1'],
        ['bybit', 'BTCUSDT', 'trade', ''],
      ]),
    );
    expect(withheld).toHaveLength(10);
    const ids = lines
      .filter(({ venue, symbol, kind }) => venue === 'binance' && symbol === 'BTCUSDT' && kind === 'trade')
      .map(({ id }) => Number(id));
    expect(ids).toEqual(ids.map((_, i) => (ids[0] as number) + i));
    expect(lines.some(({ venue, kind, sent }) => venue === 'binance_us' && kind === 'trade' && sent.length === 0)).toBe(
      true,
    );
    expect(lines.filter(({ venue, kind }) => venue === 'bybit' && kind === 'book_ticker')).toHaveLength(
      bybit.messages.filter(({ topic }) => topic === 'orderbook.1.BTCUSDT').length,
    );
  });

  it('names no closed connection, even if it subscribes before it sees the close', async () => {
    const path = join(folder, 'left.ndjson');
    const simulator = await startSimulator({ rate: 1_000, journal: path });
    const left = await Client.open(`${simulator.url}/binance/ws/btcusdt@trade`);
    const stays = await Client.open(`${simulator.url}/binance/ws/ethusdt@trade`);
    await left.count(1);
    left.ws.pause();
    simulator.fault({ venue: 'binance', fault: 'close', line: 1 });
    left.send({ method: 'SUBSCRIBE', params: ['ethusdt@trade'], id: 1 });
    // The request of `left` was sent first, so its subscription exists when this request is answered.
    stays.send({ method: 'SUBSCRIBE', params: ['solusdt@trade'], id: 2 });
    await stays.message(({ id }) => id === 2);
    const before = stays.texts.length;
    await stays.count(before + 20);
    left.ws.resume();
    await left.end();
    await simulator.close();
    const ethereum = read(path).filter(({ symbol, kind }) => symbol === 'ETHUSDT' && kind === 'trade');
    expect(ethereum.some(({ sent }) => sent.join() === '2')).toBe(true);
    expect(ethereum.filter(({ sent }) => sent.includes(1))).toEqual([]);
  });

  it('marks the order book changes that a fault withheld from a connection', async () => {
    const path = join(folder, 'books.ndjson');
    const simulator = await startSimulator({ rate: 1_000, journal: path });
    const binance = await Client.open(`${simulator.url}/binance/ws/btcusdt@depth@100ms`);
    const bybit = await Client.open(`${simulator.url}/bybit/v5/public/spot`);
    bybit.send({ op: 'subscribe', args: ['orderbook.50.BTCUSDT'] });
    await binance.count(2);
    await bybit.count(3);
    simulator.fault({ venue: 'all', fault: 'skip_book', symbol: 'BTCUSDT', count: 2 });
    await binance.count(5);
    await bybit.count(15);
    await settle(simulator, [binance, bybit]);
    await simulator.close();

    const lines = read(path).filter(({ kind }) => kind === 'depth' || kind === 'book');
    const withheld = lines.filter((line) => line.withheld === true);
    expect(withheld.map(({ venue, kind, sent }) => [venue, kind, sent.length]).sort()).toEqual([
      ['binance', 'depth', 0],
      ['binance', 'depth', 0],
      ['bybit', 'depth', 0],
      ['bybit', 'depth', 0],
    ]);
    const sent = (venue: string) =>
      lines.filter((line) => line.venue === venue && line.withheld !== true).map(({ id }) => Number(id));
    expect(sent('binance')).toEqual(binance.messages.map(({ u }) => u));
    const books = bybit.messages.filter(({ topic }) => topic === 'orderbook.50.BTCUSDT');
    expect(sent('bybit')).toEqual(books.map(({ data }) => (data as { u: number }).u));
    expect(lines.find(({ venue }) => venue === 'bybit')?.kind).toBe('book');
  });

  it('is written to disk while the simulator runs', async () => {
    const path = join(folder, 'soon.ndjson');
    const simulator = await startSimulator({ rate: 500, journal: path });
    await until(() => read(path).length > 20);
    await simulator.close();
  });

  it('holds the same trades for the same seed', async () => {
    const runs: string[][] = [];
    for (const name of ['a', 'b']) {
      const path = join(folder, `${name}.ndjson`);
      const simulator = await startSimulator({ rate: 2_000, seed: 42, journal: path });
      await until(() => (simulator.counts().bybit?.tradesMade ?? 0) > 500);
      await simulator.close();
      runs.push(
        read(path)
          .filter(({ venue }) => venue === 'bybit')
          .slice(0, 500)
          .map(({ symbol, id, price, quantity, side }) => [symbol, id, price, quantity, side].join()),
      );
    }
    expect(runs[0]).toHaveLength(500);
    expect(runs[0]).toEqual(runs[1]);
  });
});
