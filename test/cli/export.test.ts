import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileHeader, SYNC_BYTES } from '../../src/avro-file/container.ts';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { codecOf } from '../../src/codec/avro.ts';
import { sampleGap, sampleTrade } from '../../testing/records/sample-records.ts';
import { openSink, START, testFolder } from '../sinks/avro-file/test-folder.ts';
import { parquetRows } from '../sinks/parquet/parquet-rows.ts';
import { fakeIo } from './fake-io.ts';

async function exported(...argv: string[]) {
  const io = fakeIo();
  const code = await dispatch(['export', ...argv], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

const trade = (id: number) => ({
  topic: 'trades',
  key: 'BTCUSDT',
  record: sampleTrade({ tradeId: String(id), timestamp: START }),
});

describe('export of a folder', () => {
  it('converts the closed files of each topic, and the same again to the same', async () => {
    const [from, to] = [await testFolder(), await testFolder()];
    const first = await openSink(from, { codec: 'deflate' });
    await first.write([trade(1), trade(2), { topic: 'gaps', key: 'BTCUSDT', record: sampleGap() }]);
    await first.close();
    const open = await openSink(from);
    await open.write([trade(3)]);

    const { code, out, err } = await exported('--from', from, '--to', to);
    expect([code, out]).toEqual([0, '{"files":2,"left_out":1}\n']);
    expect(err).toContain('left out files that a feed still writes: 1');
    await open.close();
    expect(await exported('--from', join(from, 'trades'), '--to', to)).toMatchObject({ code: 0, err: '' });
    expect((await parquetRows(to, 'trades')).map((row) => row.trade_id)).toEqual(['1', '2', '3']);
    expect(await parquetRows(to, 'gaps')).toHaveLength(1);
  });

  it('writes late trades into files among the trades', async () => {
    const [from, to] = [await testFolder(), await testFolder()];
    const sink = await openSink(from);
    for (const prefix of ['', 'testnet.']) {
      const late = { ...trade(2), topic: `${prefix}late-trades` };
      await sink.write([{ ...trade(1), topic: `${prefix}trades` }, { ...trade(3), topic: `${prefix}trades` }, late]);
    }
    await sink.close();
    expect(await exported('--from', from, '--to', to)).toMatchObject({ code: 0, out: '{"files":4,"left_out":0}\n' });
    expect(readdirSync(to).filter((name) => !name.startsWith('.'))).toEqual(['testnet.trades', 'trades']);
    const day = 'trades/symbol=BTCUSDT/date=2026-11-21';
    for (const prefix of ['', 'testnet.']) {
      expect((await parquetRows(to, `${prefix}trades`)).map((row) => row.trade_id)).toEqual(['2', '1', '3']);
      expect(readdirSync(join(to, prefix + day)).sort()).toEqual([
        '20261121T083100-0000000001-late.parquet',
        '20261121T083100-0000000001.parquet',
      ]);
    }
  });

  it('converts a file without records', async () => {
    const [from, to] = [await testFolder(), await testFolder()];
    mkdirSync(join(from, 'trades'));
    const header = fileHeader(codecOf('trade').schemaJson, 'deflate', Buffer.alloc(SYNC_BYTES));
    writeFileSync(join(from, 'trades/20261121T083100-0000000001.avro'), header);
    expect(await exported('--from', from, '--to', to)).toEqual({ code: 0, out: '{"files":1,"left_out":0}\n', err: '' });
  });

  it('refuses the folder of a Parquet sink', async () => {
    const to = await testFolder();
    mkdirSync(join(to, '.journal'));
    for (const from of [to, 'trades'])
      expect(await exported('--from', from, '--to', to)).toMatchObject({
        code: 2,
        err: expect.stringContaining(`--to: ${to} is the folder of a Parquet sink`),
      });
  });

  it('names the file with a damaged block', async () => {
    const [from, to] = [await testFolder(), await testFolder()];
    const sink = await openSink(from, { codec: 'deflate' });
    await sink.write([trade(1)]);
    await sink.close();
    const [name = ''] = readdirSync(join(from, 'trades'));
    const file = join(from, 'trades', name);
    const bytes = readFileSync(file);
    // The deflated records lie before the 16 bytes of the last marker. The type of their deflate block becomes invalid.
    bytes[bytes.lastIndexOf(bytes.subarray(-16), -17) + 18] = 0xff;
    writeFileSync(file, bytes);
    expect(await exported('--from', from, '--to', to)).toMatchObject({ code: 1, err: expect.stringContaining(file) });
  });

  it('says what is missing', async () => {
    const folder = await testFolder();
    expect(await exported('--from', folder)).toMatchObject({ code: 2 });
    const empty = await exported('--from', folder, '--to', join(folder, 'out'));
    expect(empty).toMatchObject({ code: 1, err: expect.stringContaining(`no Avro files in ${folder}`) });
    const unknown = await exported('--from', 'tredes', '--to', folder);
    expect(unknown).toMatchObject({
      code: 2,
      err: expect.stringContaining(
        '--from: found "tredes", allowed: a folder with Avro files, or one of the topics trades, ',
      ),
    });
    const late = await exported('--from', 'late-trades', '--to', folder);
    expect(late).toMatchObject({
      code: 2,
      err: expect.stringContaining('--from: found "late-trades", allowed: trades, which writes the late trades, too'),
    });
    mkdirSync(join(folder, 'trades'));
    const none = await exported('--from', 'trades', '--to', folder);
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('kafka.brokers') });
  });
});
