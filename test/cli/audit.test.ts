import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { type AuditedTopics, auditedRecords, MINUTE_MS, START } from '../audit/audited-records.ts';
import { writeTopics } from '../audit/write-topics.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';
import { fakeIo } from './fake-io.ts';

async function audit(...argv: string[]) {
  const io = fakeIo();
  const code = await dispatch(['audit', ...argv], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

/** Writes the topics to a new folder. */
async function folderOf(topics: AuditedTopics, prefix?: string): Promise<string> {
  const dir = await testFolder();
  await writeTopics(dir, topics, prefix);
  return dir;
}

const records = auditedRecords(7);
const iso = (time: number): string => new Date(time).toISOString();

/** One trade is deleted in the third minute, and one in the fifteenth. */
const damaged = {
  ...records,
  trades: records.trades.filter(
    ({ symbol }, index, all) => symbol !== 'BTCUSDT' || ![2, 14].some((minute) => index === firstOf(all, minute)),
  ),
};

function firstOf(trades: AuditedTopics['trades'], minute: number): number {
  return trades.findIndex(({ symbol, timestamp }) => symbol === 'BTCUSDT' && timestamp >= START + minute * MINUTE_MS);
}

describe('audit of a folder', () => {
  it('prints a row for each symbol and day', async () => {
    const { code, out, err } = await audit('--dir', await folderOf(records));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'venue symbol day trades late proven agrees gap unexplained unchecked differences',
      'binance BTCUSDT 2026-11-26 60 17 8 0 1 0 0 0',
      'binance BTCUSDT 2026-11-27 18 0 2 0 0 0 0 0',
      'bybit BTCUSDT 2026-11-27 50 17 0 5 2 0 1 0',
      'bybit ETHUSDT 2026-11-26 59 17 0 7 2 0 0 0',
      'bybit ETHUSDT 2026-11-27 90 0 0 10 0 0 0 0',
      '',
      'no difference',
      '',
    ]);
  });

  it('ends with 1 and names topic, series, minute and values of each difference', async () => {
    const { code, out } = await audit('--dir', await folderOf(damaged));
    expect(code).toBe(1);
    expect(out).toContain(
      '2026-11-26T23:52Z  audits  binance BTCUSDT epoch 1: trades is 8, but that of the trades is 7\n',
    );
    expect(out).toMatch(
      /2026-11-26T23:51Z {2}trades {2}binance BTCUSDT epoch 1: missing ids between \d+ and \d+: 1; no gap/,
    );
    expect(out).toMatch(/2026-11-27T00:04Z {2}audits {2}bybit BTCUSDT epoch 2: hash is [0-9a-f]{64}, but that of the/);
  });

  it('checks only the minutes of the range', async () => {
    const dir = await folderOf(damaged);
    const between = await audit(
      '--dir',
      dir,
      '--from',
      iso(START + 4 * MINUTE_MS),
      '--to',
      iso(START + 14 * MINUTE_MS),
    );
    expect(between.code).toBe(0);
    expect((await audit('--dir', dir, '--from', iso(START + 4 * MINUTE_MS))).code).toBe(1);
    expect((await audit('--dir', dir, '--to', iso(START + 14 * MINUTE_MS))).code).toBe(1);
  });

  it('prints JSON lines', async () => {
    const { out } = await audit('--dir', await folderOf(damaged), '--json', '--to', iso(START + 5 * MINUTE_MS));
    const lines = out.trimEnd().split('\n');
    const parsed = lines.map((line): Record<string, unknown> => JSON.parse(line));
    expect(parsed[0]).toMatchObject({ type: 'day', venue: 'binance', symbol: 'BTCUSDT', day: '2026-11-26' });
    expect(parsed).toContainEqual({
      type: 'difference',
      topic: 'audits',
      venue: 'binance',
      symbol: 'BTCUSDT',
      epoch: 1,
      minute: START + 2 * MINUTE_MS,
      text: 'trades is 8, but that of the trades is 7',
    });
    const differences = parsed.filter(({ type }) => type === 'difference').length;
    expect(parsed.at(-1)).toEqual({ type: 'summary', topics: '*', differences, shown: differences });
  });

  it('audits each environment in the folder', async () => {
    const { code, out } = await audit('--dir', await folderOf(records, 'simulated.'));
    expect(code).toBe(0);
    expect(out).toContain('topics simulated.*\n');
  });

  it('says what is missing or wrong', async () => {
    const dir = await testFolder();
    expect(await audit('--dir', dir)).toMatchObject({ code: 1, err: `market-feed: audit: no topics in ${dir}\n` });
    mkdirSync(join(dir, 'trades'));
    expect(await audit('--dir', dir)).toMatchObject({ code: 1, err: expect.stringContaining('no trades') });
    expect(await audit('--dir', dir, '--topic')).toMatchObject({ code: 2, err: expect.stringContaining('exclude') });
    expect(await audit('--from', iso(START), '--to', iso(START + 30_000))).toMatchObject({
      code: 2,
      err: expect.stringContaining('allowed: a time at least one whole minute after --from'),
    });
    expect((await audit('--from', 'yesterday')).code).toBe(2);
  });
});
