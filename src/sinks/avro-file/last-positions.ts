import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { listFiles } from '../../avro-file/file-name.ts';
import { readFiles } from '../../avro-file/read-files.ts';
import { codecOf } from '../../codec/avro.ts';
import { topicOf } from '../../codec/topics.ts';
import type { Position } from '../../domain/record.ts';
import { TopicFile, type TopicFileOptions } from './topic-file.ts';

export const isPositionsTopic = (topic: string): boolean => topic.endsWith(topicOf('position').name);

/** Reads the last position of every venue and symbol in DIR/TOPIC. */
export async function lastPositions(dir: string, topic: string): Promise<readonly Position[]> {
  const last = new Map<string, Position>();
  for await (const record of readFiles(dir, topic)) {
    if (record.kind === 'position') last.set(`${record.venue}:${record.symbol}`, record);
  }
  return [...last.values()];
}

/**
 * Replaces all closed files by one file with the last positions, as `compact` does for the Kafka topic. The new file is
 * whole before the old ones are removed, so a crash in between loses nothing.
 */
export async function compactPositions(dir: string, topic: string, options: TopicFileOptions): Promise<void> {
  const folder = join(dir, topic);
  const files = await listFiles(folder);
  if (files.length < 2) return;
  const codec = codecOf('position');
  const positions = await lastPositions(dir, topic);
  const file = new TopicFile(folder, codec, options);
  await file.append(positions.map((position) => codec.encode(position)));
  await file.close();
  for (const { name } of files) await rm(join(folder, name));
}
