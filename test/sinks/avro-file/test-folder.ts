import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { AvroFileSink, type AvroFileSinkOptions } from '../../../src/sinks/avro-file/sink.ts';
import type { Sink } from '../../../src/sinks/contract.ts';

/** Creates an empty folder that is deleted when the test ends. */
export async function testFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'market-feed-files-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** 2026-11-21T08:31:00Z */
export const START = Date.UTC(2026, 10, 21, 8, 31);

/** An open sink that writes at once. It is closed when the test ends. */
export async function openSink(dir: string, options: Partial<AvroFileSinkOptions> = {}): Promise<Sink> {
  const sink = new AvroFileSink({ dir, rotateMb: 64, codec: 'null', now: () => START, ...options });
  await sink.open();
  onTestFinished(() => sink.close());
  return sink;
}

/** Names of the files in DIR/TOPIC, sorted. */
export const namesIn = async (dir: string, topic: string): Promise<string[]> =>
  (await readdir(join(dir, topic))).sort();
