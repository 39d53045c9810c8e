import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';
import { documentedFrames, type ProtocolName, recordedFrames } from '../../testing/wire/wire-frames.ts';
import { missingFrom, type WireShapes, wireShapes } from '../../testing/wire/wire-shapes.ts';
import { Client } from '../simulator/client.ts';

const BINANCE = ['trade', 'aggTrade', 'ticker', 'miniTicker', 'bookTicker', 'kline_1m', 'depth@100ms', 'depth5'];
const BYBIT = ['publicTrade', 'tickers', 'orderbook.1', 'orderbook.50', 'orderbook.1000', 'kline.1'];
const ENOUGH_FRAMES = 1000;
/** Number of frames to wait for during a fault. An untraded symbol only has a ticker and a candle each second. */
const FRAMES_OF_A_FAULT = 3;

const parsed = (frames: readonly string[]): unknown[] => frames.map((frame) => JSON.parse(frame));
/** What the frames of a protocol contain, in recordings alone, and in recordings and documents. */
const shapesOf = (protocol: ProtocolName): { readonly recorded: WireShapes; readonly known: WireShapes } => {
  const frames = recordedFrames(protocol);
  return {
    recorded: wireShapes(parsed(frames)),
    known: wireShapes(parsed([...frames, ...documentedFrames(protocol)])),
  };
};
const SHAPES = { bybit: shapesOf('bybit'), binance: shapesOf('binance') };

describe('recordings and documented frames', () => {
  it('reach every branch of the decoders', async () => {
    const script = join(root, 'testing/wire/uncovered-branches.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script]);
    expect(JSON.parse(stdout)).toEqual([]);
  });

  // The named types are in documents, but not in recordings. A recording of a live run may add them.
  it.each([
    ['bybit', ['kline', 'priceLimit', 'system', 'tickers']],
    ['binance', ['24hrMiniTicker', '24hrTicker', 'answer', 'blockTrade', 'list', 'partial book', 'serverShutdown']],
  ] as const)('show all wire types of %s; only documents show the named ones', (protocol, documentedOnly) => {
    const { recorded, known } = SHAPES[protocol];
    const types = [...known.keys()].filter((type) => !recorded.has(type));
    expect(types.sort()).toEqual(documentedOnly);
  });
});

describe('the simulator', () => {
  let simulator: Simulator;

  beforeAll(async () => {
    simulator = await startSimulator({ rate: 3000, connectionLimit: false });
  });
  afterAll(() => simulator.close());

  // Documents show the ticker's first trade id only as 0. The simulator sends other ids, too.
  it.each([
    ['bybit', []],
    ['binance', ['24hrTicker F: number']],
  ] as const)(
    'sends no field or form that recordings and documents of %s lack, except the named ones',
    async (protocol, more) => {
      const client = await subscribed(protocol, simulator);
      await until(() => client.texts.length >= ENOUGH_FRAMES);
      for (const fault of ['untraded', 'empty_book']) {
        simulator.fault({ venue: protocol, fault, symbol: 'BTCUSDT', seconds: 60 });
        const from = client.texts.length;
        await until(() => client.texts.length >= from + FRAMES_OF_A_FAULT);
        simulator.clearFaults();
      }
      client.close();
      const sent = wireShapes(parsed(client.texts));
      expect(sent.size).toBeGreaterThanOrEqual(protocol === 'bybit' ? 5 : 8);
      expect(missingFrom(SHAPES[protocol].known, sent)).toEqual(more);
    },
  );
});

async function subscribed(protocol: ProtocolName, { url }: Simulator): Promise<Client> {
  if (protocol === 'binance') {
    const streams = BINANCE.map((stream) => `btcusdt@${stream}`).join('/');
    const client = await Client.open(`${url}/binance/stream?streams=${streams}`);
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 1 });
    return client;
  }
  const client = await Client.open(`${url}/bybit/v5/public/spot`);
  client.send({ op: 'subscribe', req_id: '1', args: BYBIT.map((topic) => `${topic}.BTCUSDT`) });
  client.send({ op: 'ping', req_id: '2' });
  return client;
}
