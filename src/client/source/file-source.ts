import { readFiles } from '../../avro-file/read-files.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { OffsetAt } from '../../kafka/contract.ts';
import type { TopicSource } from './source.ts';

/** A topic (short name with its environment) in a file sink's folder; waits where it is not there yet. A time is that of arrival at the feed. */
export function fileSource(dir: string, place: OffsetAt): TopicSource {
  return {
    async follow(topic, follower, signal) {
      const sinceMs = typeof place === 'object' ? place.timeMs : Number.NEGATIVE_INFINITY;
      const onStart = () => follower.started(new Map([[0, 0]]));
      const onCaughtUp = () => follower.answered(0, 0);
      const from = place === 'end' ? 'end' : 'beginning';
      let offset = 0;
      for await (const record of readFiles(dir, topic, { from, follow: true, signal, onStart, onCaughtUp })) {
        const appendedAt = arrivalMs(record);
        const decode = () => record;
        if (appendedAt >= sinceMs) await follower.take([{ partition: 0, offset, appendedAt, decode }], signal);
        offset++;
      }
    },
  };
}

/** When the feed had it, or when it happened, milliseconds since 1970. */
export function arrivalMs(record: FeedRecord): number {
  if ('receivedAt' in record) return record.receivedAt / 1000;
  return record.kind === 'gap' ? record.toTime : record.timestamp;
}
