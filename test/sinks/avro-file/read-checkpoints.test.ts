import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { block, fileHeader, syncMarker } from '../../../src/avro-file/container.ts';
import { blocksBackwards } from '../../../src/avro-file/read-backwards.ts';
import { readCheckpoints } from '../../../src/sinks/avro-file/read-checkpoints.ts';
import { AvroFileSink } from '../../../src/sinks/avro-file/sink.ts';
import type { OutRecord } from '../../../src/sinks/contract.ts';
import { samplePosition, sampleTrade } from '../../../testing/records/sample-records.ts';
import { testFolder } from './test-folder.ts';

const TRADES = { environmentPrefixes: [''], kinds: ['trade'] } as const;
const T = 1_732_000_000_000;

const traded = (id: number, second: number, symbol = 'BTCUSDT'): OutRecord => {
  const timestamp = T + second * 1000;
  const of = { venue: 'binance', symbol, epoch: 1, timestamp, receivedAt: timestamp * 1000 };
  return { topic: 'trades', key: symbol, record: sampleTrade({ ...of, tradeId: String(id) }) };
};
const placed = (id: number, second: number, symbol = 'BTCUSDT'): OutRecord => ({
  topic: 'positions',
  key: `binance:${symbol}`,
  record: samplePosition({ symbol, epoch: 1, tradeId: String(id), timestamp: T + second * 1000 }),
});

/** A folder with a file of trades for each list, and the position records. */
async function written(files: readonly (readonly OutRecord[])[], positions: readonly OutRecord[]): Promise<string> {
  const dir = await testFolder();
  for (const batch of [...files, positions]) {
    const sink = new AvroFileSink({ dir, rotateMb: 64, codec: 'deflate', now: () => T });
    await sink.open();
    for (const record of batch) await sink.write([record]);
    await sink.close();
  }
  return dir;
}

async function damage(dir: string, index: number): Promise<void> {
  const names = (await readdir(join(dir, 'trades'))).toSorted();
  const path = join(dir, 'trades', names[index] as string);
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, -3));
}

async function lastIds(dir: string): Promise<Record<string, string | null | undefined>> {
  const checkpoints = await readCheckpoints(dir, TRADES);
  return Object.fromEntries(checkpoints.map(({ symbol, last }) => [symbol, last === null ? null : last?.id]));
}

const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('readCheckpoints of the Avro file sink', () => {
  it('stops reading back once it has the last trade of every symbol', async () => {
    const dir = await written(
      [[traded(1, 1)], [traded(2, 2), traded(9, 2, 'ETHUSDT')], [traded(3, 3)]],
      [placed(1, 1), placed(9, 2, 'ETHUSDT')],
    );
    await damage(dir, 0);
    expect(await lastIds(dir)).toEqual({ BTCUSDT: '3', ETHUSDT: '9' });
  });

  it('reads back one minute of running time for an idle symbol, and then uses its position record', async () => {
    const quiet = [traded(9, 0, 'ETHUSDT')];
    const positions = [placed(100, 100), placed(9, 0, 'ETHUSDT')];
    const long = await written([quiet, seconds(1, 120).map((at) => traded(at, at))], positions);
    await damage(long, 0);
    expect(await lastIds(long)).toEqual({ BTCUSDT: '119', ETHUSDT: '9' });
    const short = await written([quiet, seconds(1, 40).map((at) => traded(at, at))], positions);
    await damage(short, 0);
    expect(await lastIds(short)).toEqual({ BTCUSDT: '39', ETHUSDT: undefined });
  });

  it.each([3600, -3600])('finds the last trades despite a clock step of %i s', async (step) => {
    const dir = await written(
      [
        [traded(8, 1, 'ETHUSDT'), traded(9, 2, 'ETHUSDT'), traded(1, 3)],
        [traded(2, 4 + step), traded(3, 5 + step)],
      ],
      [placed(8, 1, 'ETHUSDT'), placed(1, 3)],
    );
    expect(await lastIds(dir)).toEqual({ BTCUSDT: '3', ETHUSDT: '9' });
  });

  it('skips an hour in which the process wrote no block', async () => {
    const dir = await written(
      [[traded(9, 0, 'ETHUSDT')], [traded(1, 3600)]],
      [placed(8, 0, 'ETHUSDT'), placed(1, 3600)],
    );
    expect(await lastIds(dir)).toEqual({ BTCUSDT: '1', ETHUSDT: '9' });
  });

  it('returns unknown checkpoints for trades in or before a damaged file', async () => {
    const dir = await written(
      [[traded(1, 1), traded(9, 1, 'ETHUSDT')], [traded(2, 2)]],
      [placed(1, 1), placed(9, 1, 'ETHUSDT')],
    );
    await damage(dir, 1);
    expect(await lastIds(dir)).toEqual({ BTCUSDT: undefined, ETHUSDT: undefined });
  });
});

describe('blocksBackwards', () => {
  it('returns all blocks in reverse order, for any block size, also if the last block is torn', async () => {
    const dir = await testFolder();
    const path = join(dir, 'file');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(40), fc.nat(3_000_000)), { maxLength: 6 }),
        fc.nat(100_000),
        fc.option(fc.oneof(fc.nat(40), fc.nat(3_000_000)), { nil: undefined }),
        async (sizes, headerBytes, tornBytes) => {
          const schema = JSON.stringify({ doc: 'x'.repeat(headerBytes) });
          const sync = syncMarker(schema, 1);
          const parts = [fileHeader(schema, 'null', sync)];
          for (const [index, size] of sizes.entries())
            parts.push(await block(Buffer.alloc(size, index), index, 'null', sync));
          const torn = await block(Buffer.alloc(3_000_000), 1, 'null', sync);
          await writeFile(path, Buffer.concat([...parts, torn.subarray(0, tornBytes ?? 0)]));
          const found: number[][] = [];
          for await (const { count, data } of blocksBackwards(path, tornBytes !== undefined))
            found.push([count, data.length, data.at(-1) ?? -1]);
          const expected = sizes.map((size, index) => [index, size, size === 0 ? -1 : index]);
          expect(found).toEqual(expected.toReversed());
        },
      ),
      { numRuns: 30 },
    );
  });
});
