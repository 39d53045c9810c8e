import { readdir } from 'node:fs/promises';
import { readFiles } from '../avro-file/read-files.ts';
import { TOPICS } from '../codec/topics.ts';
import { Fault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { KafkaConfig, KafkaLog } from '../kafka/config.ts';
import { readTopic } from '../kafka/reading/read-topic.ts';
import { describeTopics } from '../sinks/kafka/topics.ts';

/** A record and the partition that it comes from. */
export interface SourceRecord {
  readonly partition: number;
  readonly record: FeedRecord;
}

/** The topics of one environment. */
export interface AuditSource {
  /** The environment's prefix of the topics: empty, `simulated.`, …. */
  readonly prefix: string;
  /**
   * Yields the records of a topic (`trades`) in the order of each partition, up to the present end; none if there is no
   * such topic. @throws Error for a record that cannot be read
   */
  read(topic: string): AsyncIterable<SourceRecord>;
}

const PREFIXES = ['', 'testnet.', 'simulated.', 'replay.'];

/** The environments with topics in a file sink's folder. @throws Error if there is none */
export async function auditFolder(dir: string, signal: AbortSignal): Promise<readonly AuditSource[]> {
  const names = await readdir(dir).catch((cause: Error) => {
    throw new Error(`cannot read ${dir}: ${cause.message}`, { cause });
  });
  const prefixes = PREFIXES.filter((prefix) => TOPICS.some(({ name }) => names.includes(prefix + name)));
  if (prefixes.length === 0) throw new Error(`no topics in ${dir}`);
  return prefixes.map((prefix) => ({
    prefix,
    async *read(topic) {
      for await (const record of readFiles(dir, prefix + topic, { signal })) yield { partition: 0, record };
    },
  }));
}

/**
 * The environments with topics in Kafka, by their prefixes. Reads from a time on, milliseconds since 1970.
 * @throws Error if no topic exists
 */
export async function auditTopics(
  kafka: KafkaConfig,
  prefixes: readonly string[],
  {
    fromMs,
    signal,
    log,
  }: { readonly fromMs: number | undefined; readonly signal: AbortSignal; readonly log: KafkaLog },
): Promise<readonly AuditSource[]> {
  const described = await describeTopics(kafka, prefixes, log);
  const names = new Set(described.filter(({ exists }) => exists).map(({ name }) => name));
  const found = prefixes.filter((prefix) => TOPICS.some(({ name }) => names.has(kafka.topicPrefix + prefix + name)));
  if (found.length === 0)
    throw new Error(`no topics ${kafka.topicPrefix}${prefixes[0] ?? ''}… at ${kafka.brokers.join(', ')}`);
  const from = fromMs === undefined ? 'beginning' : { timeMs: fromMs };
  return found.map((prefix) => ({
    prefix,
    async *read(topic) {
      const name = kafka.topicPrefix + prefix + topic;
      if (!names.has(name)) return;
      for await (const { partition, offset, record } of readTopic(kafka, name, { from, follow: false, signal }, log)) {
        if (record instanceof Fault)
          throw new Error(`${name}: partition ${partition} offset ${offset}: ${record.message}`, { cause: record });
        yield { partition, record };
      }
    },
  }));
}
