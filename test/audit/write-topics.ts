import type { FeedRecord } from '../../src/domain/record.ts';
import { openSink } from '../sinks/avro-file/test-folder.ts';
import type { AuditedTopics } from './audited-records.ts';

/** Writes the topics to the folder of a file sink, with the prefix of an environment. */
export async function writeTopics(dir: string, topics: AuditedTopics, prefix = ''): Promise<void> {
  const sink = await openSink(dir);
  for (const [topic, records] of Object.entries<readonly FeedRecord[]>(topics))
    await sink.write(records.map((record) => ({ topic: prefix + topic, key: 'key', record })));
  await sink.close();
}
