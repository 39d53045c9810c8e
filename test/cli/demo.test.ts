import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { lockFolder } from '../../src/sinks/lock-folder.ts';
import { folderDisk } from '../../src/sinks/spill/spill-disk.ts';
import { SpillStore } from '../../src/sinks/spill/spill-store.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { sampleTrade } from '../../testing/records/sample-records.ts';
import { until } from '../../testing/tools/until.ts';
import { collect } from '../sinks/avro-file/collect.ts';
import { outRecords } from '../sinks/out-records.ts';
import { fakeIo, fakeOutput } from './fake-io.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'market-feed-demo-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const demo = (seconds: string) => ['demo', '--duration', seconds, '--out', dir];

it('demo on a terminal prints only the live status and a summary, and serves at --port and --simulator-port', {
  timeout: 30_000,
}, async () => {
  const [port, simulatorPort] = [await freePort(), await freePort()];
  const stopping = new AbortController();
  const terminal = { out: fakeOutput(true, { columns: 100, rows: 30 }), err: fakeOutput(true) };
  const io = { ...fakeIo(), ...terminal, signal: stopping.signal };
  const ended = dispatch([...demo('60'), '--port', `${port}`, '--simulator-port', `${simulatorPort}`], io);
  await until(async () => {
    const answers = [`${port}/api/status`, `${simulatorPort}/faults`].map((at) => fetch(`http://127.0.0.1:${at}`));
    return (await Promise.all(answers).catch(() => [])).filter(({ ok }) => ok).length === 2;
  });
  stopping.abort('the test is over');
  expect(await ended).toBe(0);
  expect(io.err.text()).toBe('');
  expect(io.out.text()).not.toContain('"level"');
  expect(io.out.text()).toContain('*** SIMULATED');
  const [, after = ''] = io.out.text().split('\u001b[?1049l');
  expect(after).toMatch(
    /^Stopped after .*: \d+ trades; file [\d,]+ records\nfiles {2}.*\nnpx market-feed export .*\n$/,
  );
});

it('demo logs its final status with latencies, and avoids port 9100 if it is taken', { timeout: 30_000 }, async () => {
  const other = createServer().listen(9100, '127.0.0.1');
  // It does not matter which process uses the port.
  await once(other, 'listening').catch(() => {});
  const io = fakeIo();
  try {
    // Six seconds are enough for the demo to start on a busy machine.
    expect(await dispatch(demo('6'), io)).toBe(0);
  } finally {
    other.close();
  }
  const log = io.err
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; venues?: Record<string, { state: string; lines_up: number }> });
  expect(log.at(-1)?.msg).toMatch(/^npx market-feed export /);
  expect(log.find(({ msg }) => msg === 'stopped')).toMatchObject({
    venues: {
      bybit: {
        // Simulator and feed use the same clock, so the offset is less than half a second on the busiest machine.
        clock: { estimate: { offsetMs: expect.closeTo(0, -3), uncertaintyMs: expect.any(Number) }, failures: 0 },
        latencyMs: {
          venueToSocket: { count: expect.any(Number), p50: expect.closeTo(0, -3) },
          socketToEmitted: { count: expect.any(Number), p99: expect.any(Number) },
        },
      },
      // A standby venue has only latencies up to the socket.
      binance: { latencyMs: { venueToSocket: { count: expect.any(Number) }, socketToEmitted: null } },
    },
    sinks: [{ sink: 'file', latencyMs: { emittedToAcknowledged: { max: expect.any(Number) } } }],
  });
  expect(log.findLast(({ msg }) => msg === 'status')?.venues?.bybit).toMatchObject({ state: 'connected', lines_up: 2 });
  expect(log.find(({ msg }) => msg.startsWith('web '))?.msg).toMatch(/^web {4}http:\/\/127\.0\.0\.1:\d+/);
  const hint = log.find(({ msg }) => msg.startsWith('break '))?.msg ?? '';
  expect(hint).toMatch(/http:\/\/127\.0\.0\.1:\d+\/faults/);
  expect(hint).not.toContain(':9100/');
});

it('demo deletes the records that an earlier demo left in its spill, and exported files', {
  timeout: 30_000,
}, async () => {
  const workingFolder = process.cwd();
  process.chdir(dir);
  try {
    const disk = folderDisk(path.join(dir, 'data/demo/spill/file'));
    const spill = new SpillStore(disk, { maxBytes: 10_000_000, now: () => 0, onBreak: () => {} });
    const [old] = outRecords(sampleTrade({ environment: 'simulated', tradeId: '987654321' }));
    if (old === undefined) throw new Error('no record');
    spill.append([{ seq: 1, barrier: false, out: { ...old, topic: 'trades' } }], []);
    spill.release();
    const exported = path.join(dir, 'data/demo/parquet/trades/old.parquet');
    mkdirSync(path.dirname(exported), { recursive: true });
    writeFileSync(exported, '');
    const io = fakeIo();
    expect(await dispatch(['demo', '--duration', '1', '--port', '0', '--simulator-port', '0'], io)).toBe(0);
    expect(io.err.text()).not.toContain('spill_spilling');
    expect(existsSync(path.join(dir, 'data/demo/spill/file/spill.db'))).toBe(false);
    expect(existsSync(exported)).toBe(false);
    const trades = await collect(readFiles(path.join(dir, 'data/demo'), 'trades'));
    expect(trades).not.toContainEqual(expect.objectContaining({ tradeId: '987654321' }));
  } finally {
    process.chdir(workingFolder);
  }
});

it('demo refuses a folder that another process writes to', async () => {
  const unlock = lockFolder(dir);
  const io = fakeIo();
  expect(await dispatch(demo('0.1'), io)).toBe(2);
  expect(io.err.text()).toContain(`market-feed: demo: ${dir} is in use: process ${process.pid} on host ${hostname()} `);
  expect(existsSync(path.join(dir, 'trades'))).toBe(false);
  unlock();
  expect(await dispatch(demo('0.1'), fakeIo())).toBe(0);
});
