import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { AvroFileSink } from '../../src/sinks/avro-file/sink.ts';
import type { OutRecord, Sink } from '../../src/sinks/contract.ts';
import { aggTrade, tradeEvent } from '../../testing/judges/events.ts';
import { until } from '../../testing/tools/until.ts';
import { fakeIo } from './fake-io.ts';

let dir: string;
let sink: Sink;
beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'market-feed-tail-'));
  sink = new AvroFileSink({ dir, rotateMb: 1, codec: 'deflate', now: () => Date.UTC(2026, 10, 21) });
  await sink.open();
});
afterEach(async () => {
  await sink.close();
  rmSync(dir, { recursive: true, force: true });
});

const AT = Date.UTC(2026, 10, 21, 8, 30);

/** Trade `id`, received `id` seconds after half past eight. Even ids are of ETH, odd ids of BTC. */
function out(id: number): OutRecord {
  const coin = id % 2 === 0 ? 'ETH' : 'BTC';
  const record = tradeEvent(id, {
    coin,
    symbol: `${coin}USDT`,
    venueSymbol: `${coin}USDT`,
    timestamp: AT + id * 1000 - 50,
    receivedAt: (AT + id * 1000) * 1000,
    price: '64250.1',
  });
  return { topic: 'trades', key: record.symbol, record };
}

const ids = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number((JSON.parse(line) as { trade_id: string }).trade_id));

const tail = (...argv: string[]) => tailOf('trades', dir, ...argv);

async function tailOf(topic: string, from: string, ...argv: string[]) {
  const io = fakeIo();
  const code = await dispatch(['tail', topic, '--dir', from, ...argv], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

describe('tail of files', () => {
  it('prints all records from the beginning and exits', async () => {
    await sink.write([1, 2, 3, 4].map(out));
    const { code, out: text, err } = await tail('--from', 'beginning', '--json');
    expect([code, err]).toEqual([0, '']);
    expect(ids(text)).toEqual([1, 2, 3, 4]);
    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({
      symbol: 'BTCUSDT',
      price: '64250.1',
      received_at: (AT + 1000) * 1000,
    });
  });

  it.each(['btc', 'BTCUSDT'])('prints only records of %s, and --limit counts only these', async (coin) => {
    await sink.write([1, 2, 3, 4, 5, 6].map(out));
    expect(ids((await tail('--from', 'beginning', '--coin', coin, '--limit', '2', '--json')).out)).toEqual([1, 3]);
  });

  it('starts with the records received at or after a time', async () => {
    await sink.write([1, 2, 3, 4].map(out));
    expect(ids((await tail('--from', '2026-11-21T08:30:03Z', '--json')).out)).toEqual([3, 4]);
  });

  it('prints only records written after the start if --from is not set', async () => {
    await sink.write([1, 2].map(out));
    const stopping = new AbortController();
    const io = { ...fakeIo(), signal: stopping.signal };
    const running = dispatch(['tail', 'trades', '--dir', dir, '--json'], io);
    let id = 3;
    await until(async () => {
      await sink.write([out(id++)]);
      return io.out.text() !== '';
    });
    stopping.abort('SIGINT');
    expect(await running).toBe(0);
    expect(ids(io.out.text())[0]).toBeGreaterThan(2);
  });

  it('prints readable text without --json', async () => {
    await sink.write([out(1)]);
    expect((await tail('--from', 'beginning')).out).toMatch(/^[\d-]{10} 08:30:00\.950 {2}BTCUSDT .*64,250\.1 +× /);
  });

  it('exits with 1 for a topic without a folder, and names the topics that have one', async () => {
    await sink.write([out(1), { ...out(3), topic: 'simulated.gaps' }]);
    expect(await tailOf('gaps', dir, '--from', 'beginning', '--limit', '5')).toEqual({
      code: 1,
      out: '',
      err: `market-feed: tail: no gaps in ${dir}; there are: trades, simulated.gaps\n`,
    });
  });

  it('exits with 1 for a topic whose folder has no records', async () => {
    await sink.write([out(1)]);
    mkdirSync(path.join(dir, 'gaps'));
    mkdirSync(path.join(dir, 'prices'));
    expect(await tailOf('gaps', dir, '--from', 'beginning', '--limit', '5')).toEqual({
      code: 1,
      out: '',
      err: `market-feed: tail: no gaps in ${dir}; there are: trades\n`,
    });
  });

  it('exits with 0 if a topic has records, but none since the time, and with 1 if it has none of the coin', async () => {
    await sink.write([out(1)]);
    expect(await tail('--from', '2026-12-01')).toEqual({ code: 0, out: '', err: '' });
    expect(await tail('--from', 'beginning', '--coin', 'ADA')).toEqual({
      code: 1,
      out: '',
      err: 'market-feed: tail: no records of ADA in trades\n',
    });
  });

  it('waits for the first record of a topic with --follow', async () => {
    await sink.write([out(1)]);
    const stopping = new AbortController();
    const io = { ...fakeIo(), signal: stopping.signal };
    const running = dispatch(['tail', 'agg-trades', '--dir', dir, '--from', 'beginning', '--follow', '--json'], io);
    await until(() => io.err.text() !== '');
    await sink.write([{ topic: 'agg-trades', key: 'BTCUSDT', record: aggTrade(1, 2) }]);
    await until(() => io.out.text() !== '');
    stopping.abort('SIGINT');
    expect(await running).toBe(0);
    expect(io.err.text()).toBe(`market-feed: tail: no agg-trades in ${dir}; there are: trades; waiting\n`);
  });

  it('exits with 1 for a missing folder and for a folder without topics', async () => {
    const nowhere = path.join(dir, 'nowhere');
    expect(await tailOf('trades', nowhere, '--from', 'beginning')).toEqual({
      code: 1,
      out: '',
      err: `market-feed: tail: no folder ${nowhere}\n`,
    });
    expect((await tailOf('trades', dir, '--from', 'beginning')).err).toBe(`market-feed: tail: no topics in ${dir}\n`);
  });

  it('reads the topic of the configured environment unless the topic names an environment', async () => {
    await sink.write([out(1), { ...out(3), topic: 'simulated.trades' }]);
    const configured = async (topic: string) => {
      const io = fakeIo({ MARKET_FEED__ENVIRONMENT: 'simulated', MARKET_FEED__FILE__DIR: dir });
      const file = path.join(dir, 'market-feed.yaml');
      writeFileSync(file, 'coins: [BTC]\n');
      expect(await dispatch(['tail', topic, '--config', file, '--from', 'beginning', '--json'], io)).toBe(0);
      return ids(io.out.text());
    };
    expect(await configured('trades')).toEqual([3]);
    expect(await configured('market.trades')).toEqual([1]);
    expect(await configured('simulated.trades')).toEqual([3]);
  });
});
