import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { PartitionedFiles, RowBudget } from '../../src/parquet/partitioned-files.ts';
import { sampleTrade } from '../../testing/records/sample-records.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

async function bufferBytes(): Promise<number> {
  for (let pass = 0; pass < 3; pass++) {
    gc();
    // A collection frees buffers in the background.
    await turn();
  }
  return process.memoryUsage().arrayBuffers;
}

/** Adds one trade of each symbol. Returns the bytes of the buffers that the files then keep. */
async function keptBytes(symbols: number, budget: RowBudget): Promise<number> {
  const { encode, schema } = codecOf('trade');
  const files = new PartitionedFiles(await testFolder(), 'a', schema, budget);
  const before = await bufferBytes();
  for (let index = 0; index < symbols; index++) files.add(encode(sampleTrade({ symbol: `COIN${index}USDT` })), 1);
  const kept = (await bufferBytes()) - before;
  files.discard();
  return kept;
}

describe('the memory of many Parquet files', () => {
  it('is small while each has a single record', async () => {
    expect(await keptBytes(2000, new RowBudget())).toBeLessThan(2000 * 1024);
  });

  it('is small after each wrote a row group', async () => {
    expect(await keptBytes(300, new RowBudget(0))).toBeLessThan(300 * 512);
  });

  it('is within the budget', async () => {
    const budget = 20_000;
    expect(await keptBytes(500, new RowBudget(budget))).toBeLessThan(2 * budget);
  });
});
