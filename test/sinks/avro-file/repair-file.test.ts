import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FileCodec } from '../../../src/avro-file/container.ts';
import { FileBlocks } from '../../../src/avro-file/file-blocks.ts';
import { readFiles } from '../../../src/avro-file/read-files.ts';
import type { FeedRecord } from '../../../src/domain/record.ts';
import { repairFile } from '../../../src/sinks/avro-file/repair-file.ts';
import { sampleTrade } from '../../../testing/records/sample-records.ts';
import { collect } from './collect.ts';
import { namesIn, openSink, testFolder } from './test-folder.ts';

const NAME = '20261121T083100-0000000001.avro';
const ids = (records: readonly FeedRecord[]): string[] =>
  records.map((record) => (record.kind === 'trade' ? record.tradeId : record.kind));

/** The bytes of a file with three blocks (trades 1; 2, 3; 4), and the end of the header and of each block. */
async function threeBlocks(codec: FileCodec): Promise<{ bytes: Buffer; ends: number[] }> {
  const dir = await testFolder();
  const sink = await openSink(dir, { codec });
  for (const block of [['1'], ['2', '3'], ['4']]) {
    await sink.write(block.map((tradeId) => ({ topic: 'trades', key: 'BTCUSDT', record: sampleTrade({ tradeId }) })));
  }
  await sink.close();
  const path = join(dir, 'trades', NAME);
  const blocks = await FileBlocks.open(path);
  const ends: number[] = [];
  while ((await blocks.next()) !== undefined) ends.push(blocks.offset);
  ends.unshift(blocks.header?.end ?? 0);
  await blocks.close();
  return { bytes: await readFile(path), ends };
}

describe('repairFile', () => {
  it.each(['null', 'deflate'] as const)(
    'codec %s: keeps the complete blocks of a file torn at any byte',
    { timeout: 60_000 },
    async (codec) => {
      const { bytes, ends } = await threeBlocks(codec);
      const [headerEnd, first, second, third] = ends as [number, number, number, number];
      expect(third).toBe(bytes.length);
      const dir = await testFolder();
      const folder = join(dir, 'trades');
      await mkdir(folder);
      const path = join(folder, NAME);
      for (let length = first; length <= third; length++) {
        await writeFile(`${path}.part`, bytes.subarray(0, length));
        const whole = length === third ? third : length >= second ? second : first;
        expect(await repairFile(path)).toEqual({ path, cutBytes: length - whole });
        expect(await readdir(folder)).toEqual([NAME]);
        expect((await readFile(path)).equals(bytes.subarray(0, whole))).toBe(true);
        expect(ids(await collect(readFiles(dir, 'trades')))).toEqual(
          ['1', '2', '3', '4'].slice(0, whole === first ? 1 : whole === second ? 3 : 4),
        );
      }
      for (let length = 0; length < first; length += length < headerEnd - 40 ? 97 : 1) {
        await writeFile(`${path}.part`, bytes.subarray(0, length));
        expect(await repairFile(path)).toEqual({ path: undefined, cutBytes: length });
        expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
      }
    },
  );

  it('removes a block whose end was never written, as after a power loss', async () => {
    const { bytes, ends } = await threeBlocks('null');
    const dir = await testFolder();
    const path = join(dir, NAME);
    await writeFile(`${path}.part`, Buffer.concat([bytes.subarray(0, (ends[2] as number) + 10), Buffer.alloc(4096)]));
    await repairFile(path);
    expect((await readFile(path)).equals(bytes.subarray(0, ends[2]))).toBe(true);
  });

  it('runs for every topic at the next start, and the sink then continues in a new file', async () => {
    const { bytes, ends } = await threeBlocks('null');
    const dir = await testFolder();
    for (const topic of ['trades', 'testnet.trades', 'prices']) await mkdir(join(dir, topic));
    await writeFile(join(dir, 'trades', `${NAME}.part`), bytes.subarray(0, (ends[3] as number) - 1));
    await writeFile(join(dir, 'testnet.trades', `${NAME}.part`), bytes);
    await writeFile(join(dir, 'prices', `${NAME}.part`), '');
    await writeFile(join(dir, 'trades', 'notes.txt'), 'not ours');
    await copyFile(join(dir, 'trades', 'notes.txt'), join(dir, 'stray.avro.part'));

    const repaired: string[] = [];
    const sink = await openSink(dir, {
      onRepaired: (path, { cutBytes }) => repaired.push(`${path.slice(dir.length)} ${cutBytes}`),
    });
    expect(repaired.sort()).toEqual([
      `/prices/${NAME} 0`,
      `/testnet.trades/${NAME} 0`,
      `/trades/${NAME} ${(ends[3] as number) - 1 - (ends[2] as number)}`,
    ]);
    await sink.write([{ topic: 'trades', key: 'BTCUSDT', record: sampleTrade({ tradeId: '4' }) }]);
    expect(ids(await collect(readFiles(dir, 'trades')))).toEqual(['1', '2', '3', '4']);
    await sink.close();
    expect(await namesIn(dir, 'trades')).toEqual([NAME, '20261121T083100-0000000002.avro', 'notes.txt']);
    expect(await namesIn(dir, 'prices')).toEqual([]);
  });

  it('runs without a callback for repaired files', async () => {
    const { bytes } = await threeBlocks('null');
    const dir = await testFolder();
    await mkdir(join(dir, 'trades'));
    await writeFile(join(dir, 'trades', `${NAME}.part`), bytes);
    await (await openSink(dir)).close();
    expect(await namesIn(dir, 'trades')).toEqual([NAME]);
  });
});
