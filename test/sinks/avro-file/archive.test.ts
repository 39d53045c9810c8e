import { expect, it } from 'vitest';
import type { FeedRecord } from '../../../src/domain/record.ts';
import { AvroFileSink } from '../../../src/sinks/avro-file/sink.ts';
import type { Sink, SinkArchive } from '../../../src/sinks/contract.ts';
import { ParquetSink } from '../../../src/sinks/parquet/sink.ts';
import { sampleTrade } from '../../../testing/records/sample-records.ts';
import { START, testFolder } from './test-folder.ts';

const HOUR_MS = 3_600_000;

interface Opened {
  readonly sink: Sink;
  readonly archive: SinkArchive;
  /** The time of the sink's clock, milliseconds since 1970. */
  time: number;
}

async function opened(kind: 'file' | 'parquet'): Promise<Opened> {
  const dir = await testFolder();
  const found = { time: START };
  const now = () => found.time;
  // Each write completes a file.
  const options = { dir, rotateMb: 1e-6, now };
  const sink = kind === 'file' ? new AvroFileSink({ ...options, codec: 'null' }) : new ParquetSink(options);
  await sink.open();
  const archive = sink.archive();
  await archive.open();
  return Object.assign(found, { sink, archive });
}

const outOf = (topic: string, id: number) => ({ topic, key: 'BTCUSDT', record: sampleTrade({ tradeId: String(id) }) });

async function idsIn(records: AsyncIterable<FeedRecord>): Promise<string[]> {
  const ids: string[] = [];
  for await (const record of records) if (record.kind === 'trade') ids.push(record.tradeId);
  return ids;
}

it.each(['file', 'parquet'] as const)(
  'the archive of the sink %s reads and adds records beside the driver',
  async (kind) => {
    const at = await opened(kind);
    const { sink, archive } = at;
    expect(await idsIn(archive.records('late-trades', { sinceMs: 0 }))).toEqual([]);
    const outcomes = await Promise.all([
      sink.write([outOf('trades', 1)]),
      archive.write([outOf('late-trades', 2), outOf('trades', 3)]),
      sink.write([outOf('trades', 4)]),
    ]);
    expect(outcomes.flat().map((outcome) => outcome.kind)).toEqual(Array(4).fill('delivered'));
    expect(await idsIn(archive.records('trades', { sinceMs: 0 }))).toEqual(['1', '3', '4']);
    expect(await idsIn(archive.records('late-trades', { sinceMs: 0 }))).toEqual(['2']);
    await sink.close();
  },
);

it.each(['file', 'parquet'] as const)(
  'the archive of the sink %s reads at least what arrived since a time',
  async (kind) => {
    const at = await opened(kind);
    const { sink, archive } = at;
    for (let hour = 0; hour < 5; hour++) {
      at.time = START + hour * HOUR_MS;
      await sink.write([outOf('trades', hour)]);
    }
    expect(await idsIn(archive.records('trades', { sinceMs: START + 2 * HOUR_MS }))).toEqual(
      expect.arrayContaining(['2', '3', '4']),
    );
    expect(await idsIn(archive.records('trades', { sinceMs: START + 2 * HOUR_MS }))).not.toContain('0');
    expect(await idsIn(archive.records('trades', { sinceMs: START + 9 * HOUR_MS }))).not.toContain('3');
    await sink.close();
  },
);
