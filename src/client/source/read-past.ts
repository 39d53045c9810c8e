import { readFiles } from '../../avro-file/read-files.ts';
import { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import { readTopic } from '../../kafka/reading/read-topic.ts';
import { arrivalMs } from './file-source.ts';
import type { ClientWarning } from './source.ts';

/** A record that was published before the reading began. */
export interface DatedRecord {
  readonly record: FeedRecord;
  /** When the broker appended it, milliseconds since 1970. In files: the record's `arrivalMs`. */
  readonly appendedAt: number;
}

export interface PastQuery {
  /** Records of other symbols may be left out. */
  readonly symbol: string;
  /** Earlier records are left out, milliseconds since 1970. */
  readonly sinceMs: number;
  /** True: a topic that does not exist has no records. False: then the reading rejects with a Fault. */
  readonly isOptional: boolean;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/**
 * Yields the past records of a topic, in order per partition. Rejects with a Fault if reading fails. `N`: how the topic is
 * named, in full or short.
 */
export type ReadPast<N> = (topic: N, query: PastQuery) => AsyncIterable<DatedRecord>;

export interface KafkaPast {
  readonly config: KafkaConfig;
  readonly log: KafkaLog;
  /** Rejects with a Fault of kind `unavailable` if there is no such topic. */
  readonly requireTopic: (topic: string) => Promise<void>;
  /** True: each record gets the fields of a `RecordPosition`. */
  readonly withPosition: boolean;
  readonly warn: (warning: ClientWarning) => void;
}

export function kafkaPastReader({ config, log, requireTopic, withPosition, warn }: KafkaPast): ReadPast<string> {
  return async function* (topic, { symbol, sinceMs, isOptional, signal }) {
    try {
      await requireTopic(topic);
    } catch (error) {
      if (isOptional && error instanceof Fault && error.kind === 'unavailable') return;
      throw error;
    }
    const from = Number.isFinite(sinceMs) ? { timeMs: Math.max(0, Math.ceil(sinceMs)) } : 'beginning';
    const isOfSymbol = (key: string | null) => key === null || key === symbol || key.endsWith(`:${symbol}`);
    const messages = readTopic(config, topic, { from, follow: false, signal }, log, isOfSymbol);
    for await (const { partition, offset: text, timestamp: appendedAt, record } of messages) {
      const offset = Number(text);
      if (record instanceof Fault) warn({ kind: 'malformed', topic, partition, offset, fault: record });
      else yield { appendedAt, record: withPosition ? { ...record, topic, partition, offset } : record };
    }
  };
}

/** `endMs`: later records do not count as past, milliseconds since 1970. */
export function filePastReader(dir: string, endMs: number): ReadPast<string> {
  return async function* (topic, { sinceMs, signal }) {
    for await (const record of readFiles(dir, topic, { sinceMs, signal })) {
      const appendedAt = arrivalMs(record);
      if (appendedAt >= sinceMs && appendedAt < endMs) yield { record, appendedAt };
    }
  };
}
