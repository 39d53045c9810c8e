import { readdir } from 'node:fs/promises';
import { readFiles } from '../../avro-file/read-files.ts';
import { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { OffsetAt } from '../../kafka/contract.ts';
import { TOPIC_NAMES } from '../topic-name.ts';
import type { TopicSource } from './source.ts';

/** Reads a topic (`trades`, `simulated.trades`) from a file sink's folder. Waits if the topic does not exist yet. */
export function fileSource(dir: string, start: OffsetAt): TopicSource {
  return {
    async follow(topic, handler, signal) {
      const sinceMs = typeof start === 'object' ? start.timeMs : Number.NEGATIVE_INFINITY;
      const onStart = () => handler.started(new Map([[0, 0]]));
      const onCaughtUp = () => handler.updateLag(0, 0);
      const from = start === 'end' ? 'end' : 'beginning';
      let offset = 0;
      for await (const record of readFiles(dir, topic, { from, follow: true, signal, onStart, onCaughtUp })) {
        const appendedAt = arrivalMs(record);
        const decode = () => record;
        if (appendedAt >= sinceMs) await handler.take([{ partition: 0, offset, appendedAt, decode }], signal);
        offset++;
      }
    },
  };
}

/** Rejects with a Fault if the folder has no topic with the prefix of the environment (`simulated.`). */
export async function requireTopicsIn(dir: string, prefix: string): Promise<void> {
  const names = (await readdir(dir)).filter((name) => !name.startsWith('.')).sort();
  if (TOPIC_NAMES.some((topic) => names.includes(prefix + topic))) return;
  const there = names.length === 0 ? 'nothing' : names.join(', ');
  throw new Fault('unavailable', `no topic such as ${prefix}prices in ${dir}; there are: ${there}`);
}

/**
 * Returns when the feed received a record, milliseconds since 1970. If the record does not say this: its `timestamp`,
 * or the end of a gap.
 */
export function arrivalMs(record: FeedRecord): number {
  if ('receivedAt' in record) return record.receivedAt / 1000;
  return record.kind === 'gap' ? record.toTime : record.timestamp;
}
