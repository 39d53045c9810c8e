import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Converter } from '../../../src/sinks/parquet/converter.ts';
import { sampleGap, sampleTrade } from '../../../testing/records/sample-records.ts';
import { until } from '../../../testing/tools/until.ts';
import { openSink, testFolder } from '../avro-file/test-folder.ts';

const TRADES = 1200;

it('the backlog has no bytes that were converted before their segment was closed', async () => {
  const dir = await testFolder();
  const segments = new Map<string, { path: string; bytes: number }>();
  const journal = await openSink(join(dir, '.journal'), {
    codec: 'null',
    onWritten: (segment) => segments.set(segment.path.includes('trades') ? 'trades' : 'gaps', segment),
  });
  const record = sampleTrade({ conditions: ['x'.repeat(1000)] });
  await journal.write(Array.from({ length: TRADES }, () => ({ topic: 'trades', key: 'BTCUSDT', record })));
  await journal.write([{ topic: 'gaps', key: 'BTCUSDT', record: sampleGap() }]);
  await journal.close();
  const [trades, gaps] = [segments.get('trades'), segments.get('gaps')];
  if (trades === undefined || gaps === undefined) throw new Error('a segment is missing');

  const converter = new Converter(dir);
  converter.convert({ ...trades, isClosed: false });
  converter.convert({ ...gaps, isClosed: true });
  expect(converter.backlogBytes).toBe(gaps.bytes);
  // The thread converts one after the other, so then the trades are converted too.
  await until(() => converter.backlogBytes === 0);
  converter.convert({ ...trades, isClosed: true });
  const backlog = converter.backlogBytes;
  expect(await converter.close(Number.POSITIVE_INFINITY)).toBe(0);
  expect(backlog).toBe(0);
});
