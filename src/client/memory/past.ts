import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readBackwards } from '../../avro-file/read-backwards.ts';
import { Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import type { TopicMessage } from '../../kafka/contract.ts';
import { fetchBackwards } from '../../kafka/reading/fetch-backwards.ts';
import { newMessageDecoder } from '../../kafka/reading/read-topic.ts';
import { arrivalMs } from '../source/file-source.ts';

/** A record of the past, not decoded yet. */
export interface RecalledRecord {
  /** Null, too, in files, which keep no keys. */
  readonly key: string | null;
  /** When the broker appended it, milliseconds since 1970. */
  readonly appendedAt: number;
  /** Undefined if it is not a record of the feed. */
  read(): Promise<FeedRecord | undefined>;
}

/** Takes the records of a partition, newest first, until it returns false. */
export type PastTaker = (record: RecalledRecord) => boolean | Promise<boolean>;

/** Reads a topic (full name) from its end back, with one taker for each partition; `partitionOf` locates a key. */
export type LookBack = (
  topic: string,
  takerOf: (partition: number, partitionOf: (key: string) => number) => PastTaker,
) => Promise<void>;

export function lookBackInKafka(config: KafkaConfig, log: KafkaLog): LookBack {
  const decode = newMessageDecoder(config);
  return (topic, takerOf) =>
    fetchBackwards(
      config,
      topic,
      (layout) => {
        const takers = Array.from({ length: layout.partitionCount }, (_, partition) => {
          const taker = takerOf(partition, (key) => layout.partitionOf(key));
          const take = async (messages: readonly TopicMessage[]) => {
            for (const { key, timestamp, value } of messages.toReversed()) {
              const read = async () => {
                const decoded = value === null ? undefined : await decode(value);
                return decoded instanceof Fault ? undefined : decoded;
              };
              if (!(await taker({ key, appendedAt: timestamp, read }))) return false;
            }
            return true;
          };
          return [partition, take] as const;
        });
        return new Map(takers);
      },
      log,
    );
}

const MOST_FROM_FILES = 20_000;

/** Files count as one partition, and their records have no keys. */
export function lookBackInFiles(dir: string): LookBack {
  return async (topic, takerOf) => {
    const taker = takerOf(0, () => 0);
    const folder = join(dir, topic);
    if ((await stat(folder).catch(() => undefined)) === undefined) return;
    const newest: FeedRecord[] = [];
    const take = (records: readonly FeedRecord[]): boolean => {
      newest.push(...records.toReversed());
      return newest.length >= MOST_FROM_FILES;
    };
    await readBackwards(folder, take, { passOverTorn: true });
    for (const record of newest)
      if (!(await taker({ key: null, appendedAt: arrivalMs(record), read: async () => record }))) return;
  };
}
