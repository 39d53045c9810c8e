import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dispatch } from '../../src/cli/dispatch.ts';
import { createAvroFileSink } from '../../src/sinks/avro-file/sink.ts';
import type { OutRecord, Sink } from '../../src/sinks/contract.ts';
import { tradeEvent } from '../support/events.ts';
import { until } from '../support/until.ts';
import { fakeIo } from './fake-io.ts';

let dir: string;
let sink: Sink;
beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'market-feed-tail-'));
  sink = createAvroFileSink({ dir, rotateMb: 1, codec: 'deflate', now: () => Date.UTC(2026, 10, 21), blockEveryMs: 0 });
  await sink.open();
});
afterEach(async () => {
  await sink.close();
  rmSync(dir, { recursive: true, force: true });
});

const AT = Date.UTC(2026, 10, 21, 8, 30);

/** Trade `id` of BTC or, where it is even, of ETH, arrived `id` seconds after half past eight. */
function out(id: number): OutRecord {
  const coin = id % 2 === 0 ? 'ETH' : 'BTC';
  const record = tradeEvent(id, {
    coin,
    symbol: `${coin}USDT`,
    venueSymbol: `${coin}USDT`,
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

async function tail(...argv: string[]) {
  const io = fakeIo();
  const code = await dispatch(['tail', 'trades', '--dir', dir, ...argv], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

describe('from files', () => {
  it('reads all from the beginning and ends', async () => {
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

  it.each(['btc', 'BTCUSDT'])('shows %s alone, and counts only what it shows', async (coin) => {
    await sink.write([1, 2, 3, 4, 5, 6].map(out));
    expect(ids((await tail('--from', 'beginning', '--coin', coin, '--limit', '2', '--json')).out)).toEqual([1, 3]);
  });

  it('starts at a time of arrival', async () => {
    await sink.write([1, 2, 3, 4].map(out));
    expect(ids((await tail('--from', '2026-11-21T08:30:03Z', '--json')).out)).toEqual([3, 4]);
  });

  it('waits at the end for what is written later', async () => {
    await sink.write([1, 2].map(out));
    const ending = new AbortController();
    const io = { ...fakeIo(), signal: ending.signal };
    const running = dispatch(['tail', 'trades', '--dir', dir, '--json'], io);
    let id = 3;
    await until(async () => {
      await sink.write([out(id++)]);
      return io.out.text() !== '';
    });
    ending.abort('SIGINT');
    expect(await running).toBe(0);
    expect(ids(io.out.text())[0]).toBeGreaterThan(2);
  });

  it('is for people without --json', async () => {
    await sink.write([out(1)]);
    expect((await tail('--from', 'beginning')).out).toMatch(/^08:30:01\.000 {2}BTCUSDT .*64,250\.1 × /);
  });

  it('says where it looked in vain', async () => {
    const { code, out: text, err } = await tail('--from', 'beginning');
    expect([code, text]).toEqual([0, '']);
    expect(err).toContain(path.join(dir, 'trades'));
  });
});
