import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { readFiles } from '../../../src/avro-file/read-files.ts';
import { ParquetSink } from '../../../src/sinks/parquet/sink.ts';
import { sinkContract } from '../../contracts/sink-contract.ts';
import { collect } from '../avro-file/collect.ts';
import { disk } from '../avro-file/failing-disk.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const { openOnDisk } = await import('../avro-file/failing-disk.ts');
  return { ...real, open: openOnDisk(real.open) };
});

// The records are in the journal before they are in Parquet files: sink.test.ts compares the two. So no test here waits for
// the conversion.
sinkContract('the Parquet sink', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'market-feed-parquet-sink-'));
  const setFull = async (full: boolean): Promise<void> => {
    disk.full = full;
  };
  return {
    newSink: () => new ParquetSink({ dir, rotateMb: 64, rotateMinutes: 60, now: () => 0, closeTimeoutMs: 0 }),
    read: (topic) => collect(readFiles(join(dir, '.journal'), topic)),
    outage: { begin: () => setFull(true), end: () => setFull(false) },
    remove: () => rm(dir, { recursive: true }),
  };
});
