import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { until } from '../../testing/tools/until.ts';

let out: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  out = mkdtempSync(path.join(tmpdir(), 'market-feed-demo-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(out, { recursive: true, force: true });
});

function demo(...options: string[]) {
  const child = spawn(process.execPath, ['src/cli/main.ts', 'demo', '--out', out, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
  });
  return { child, said, ended: new Promise<number | null>((resolve) => child.once('close', resolve)) };
}

async function records(topic: string): Promise<readonly FeedRecord[]> {
  const all: FeedRecord[] = [];
  for await (const record of readFiles(out, topic)) all.push(record);
  return all;
}

const partFiles = () =>
  readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.part'));

it('runs for its time, marks every record simulated, and leaves whole files', async () => {
  const { said, ended } = demo('--duration', '4');
  expect(await ended).toBe(0);
  expect(said.out).toBe('');
  for (const line of said.err.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
  expect(partFiles()).toEqual([]);
  for (const topic of ['trades', 'prices', 'book-tickers', 'klines', 'feed-status', 'positions']) {
    const found = await records(topic);
    expect(found.length).toBeGreaterThan(0);
    expect(new Set(found.map(({ environment }) => environment))).toEqual(new Set(['simulated']));
  }
  const coins = new Set((await records('prices')).map((record) => ('coin' in record ? record.coin : null)));
  expect(coins.size).toBe(20);
});

it('ends within three seconds of Ctrl-C, in 0, with whole files', async () => {
  const { child, ended } = demo();
  await until(() => existsSync(path.join(out, 'trades')), { timeoutMs: 60_000 });
  const asked = performance.now();
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(performance.now() - asked).toBeLessThan(3000);
  expect(partFiles()).toEqual([]);
  expect((await records('trades')).length).toBeGreaterThan(0);
});
