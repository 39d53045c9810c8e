import { readFiles } from '../../avro-file/read-files.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { OffsetAt } from '../../kafka/contract.ts';
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

/**
 * Returns when the feed received a record, milliseconds since 1970. If the record does not say this: its `timestamp`,
 * or the end of a gap.
 */
export function arrivalMs(record: FeedRecord): number {
  if ('receivedAt' in record) return record.receivedAt / 1000;
  return record.kind === 'gap' ? record.toTime : record.timestamp;
}
