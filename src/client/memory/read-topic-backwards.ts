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

/** A published message that is not decoded yet. */
export interface PastMessage {
  /** Null if the message has no key; always null in files. */
  readonly key: string | null;
  /** When the broker appended the message, milliseconds since 1970. In files: the record's `arrivalMs`. */
  readonly appendedAt: number;
  /** Undefined if the message is not a record of the feed. */
  decode(): Promise<FeedRecord | undefined>;
}

type Next = 'continue' | 'stop';

/** Is called with each message of a partition, newest first, until it returns 'stop'. */
export type MessageVisitor = (message: PastMessage) => Next | Promise<Next>;

/** Reads a topic (full name) backwards, with one visitor for each partition. `partitionOf` gives a key's partition. */
export type ReadTopicBackwards = (
  topic: string,
  visitorOf: (partition: number, partitionOf: (key: string) => number) => MessageVisitor,
) => Promise<void>;

/** Reading a topic backwards rejects with this Fault if the newest message of a partition needs a schema registry. */
const registryNeeded = (topic: string): Fault =>
  new Fault(
    'internal',
    `connectTopics: ${topic} has records in the Confluent wire format, so schemaRegistry must be { url }`,
    { retry: { kind: 'never' }, field: 'schemaRegistry' },
  );

export function kafkaBackwardsReader(config: KafkaConfig, log: KafkaLog): ReadTopicBackwards {
  const decodeValue = newMessageDecoder(config);
  return (topic, visitorOf) =>
    fetchBackwards(
      config,
      topic,
      (layout) => {
        const visitors = Array.from({ length: layout.partitionCount }, (_, partition) => {
          const visit = visitorOf(partition, (key) => layout.partitionOf(key));
          let isNewest = true;
          const take = async (messages: readonly TopicMessage[]): Promise<Next> => {
            for (const { key, timestamp, value } of messages.toReversed()) {
              const isNewestMessage = isNewest;
              isNewest = false;
              const decode = async () => {
                const decoded = value === null ? undefined : await decodeValue(value);
                if (!(decoded instanceof Fault)) return decoded;
                if (isNewestMessage && decoded.field === 'schemaRegistry') throw registryNeeded(topic);
                return undefined;
              };
              if ((await visit({ key, appendedAt: timestamp, decode })) === 'stop') return 'stop';
            }
            return 'continue';
          };
          return [partition, take] as const;
        });
        return new Map(visitors);
      },
      log,
    );
}

const MAX_FILE_RECORDS = 20_000;

/** Returns a reader for a file sink's folder. A topic's files count as one partition, and the records have no keys. */
export function fileBackwardsReader(dir: string): ReadTopicBackwards {
  return async (topic, visitorOf) => {
    const visit = visitorOf(0, () => 0);
    const folder = join(dir, topic);
    if ((await stat(folder).catch(() => undefined)) === undefined) return;
    const newest: FeedRecord[] = [];
    const take = (records: readonly FeedRecord[]): Next => {
      newest.push(...records.toReversed());
      return newest.length >= MAX_FILE_RECORDS ? 'stop' : 'continue';
    };
    await readBackwards(folder, take, { passOverTorn: true });
    for (const record of newest)
      if ((await visit({ key: null, appendedAt: arrivalMs(record), decode: async () => record })) === 'stop') return;
  };
}
