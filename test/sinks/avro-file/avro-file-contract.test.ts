import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { readFiles } from '../../../src/avro-file/read-files.ts';
import { AvroFileSink } from '../../../src/sinks/avro-file/sink.ts';
import { sinkContract } from '../../contracts/sink-contract.ts';
import { collect } from './collect.ts';
import { disk } from './failing-disk.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const { openOnDisk } = await import('./failing-disk.ts');
  return { ...real, open: openOnDisk(real.open) };
});

sinkContract('the Avro file sink', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'market-feed-file-sink-'));
  const setFull = async (full: boolean): Promise<void> => {
    disk.full = full;
  };
  return {
    newSink: () => new AvroFileSink({ dir, rotateMb: 64, codec: 'deflate', now: () => 0 }),
    read: (topic) => collect(readFiles(dir, topic)),
    outage: { begin: () => setFull(true), end: () => setFull(false) },
    remove: () => rm(dir, { recursive: true }),
  };
});
