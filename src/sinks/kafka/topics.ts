import { TOPICS, type TopicDefinition } from '../../codec/topics.ts';
import type { Brokers } from '../../kafka/brokers.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import type { NewTopic, TopicMetadata, TopicSettings } from '../../kafka/contract.ts';
import { kafkaFault } from '../../kafka/kafka-error.ts';
import { PartitionedTopic } from '../../kafka/reading/partitioned-topic.ts';
import { TopicLayout } from '../../kafka/topic-layout.ts';
import { createMissingTopics, readyTopics, topicNames, withBrokers } from '../../kafka/topics.ts';
import { countRecords, type RecordCount } from './count-records.ts';

/** A topic, and how it differs from the configuration. */
export interface TopicDescription {
  /** Full name, with all prefixes. */
  readonly name: string;
  readonly exists: boolean;
  readonly partitions: number;
  readonly replication: number;
  /** The broker's values of the settings that the feed sets. */
  readonly settings: Readonly<Record<string, string>>;
  readonly records: RecordCount;
  /** Texts for people; empty if there are no differences. */
  readonly differences: readonly string[];
}

/**
 * An hour, because each start reads all of a compacted topic. Brokers never compact the active segment, which lasts a
 * week by default.
 */
const SEGMENT_MS = 3_600_000;

/** Creates the feed's missing topics and returns their full names. Rejects with a Fault. */
export async function createTopics(
  config: KafkaConfig,
  environmentPrefixes: readonly string[],
  log: KafkaLog,
): Promise<readonly string[]> {
  return withBrokers(config, log, (brokers) => createMissingTopics(brokers, wantedTopics(config, environmentPrefixes)));
}

/** Compares the feed's topics with the configuration. Rejects with a Fault. */
export async function describeTopics(
  config: KafkaConfig,
  environmentPrefixes: readonly string[],
  log: KafkaLog,
): Promise<readonly TopicDescription[]> {
  return withBrokers(config, log, async (brokers) => {
    const known = await topicNames(brokers);
    const wanted = wantedTopics(config, environmentPrefixes);
    const there = wanted.map(({ topic }) => topic).filter((topic) => known.has(topic));
    const existing = await readyTopics(brokers, there);
    const topics = new Map(existing.map(({ topic, partitions }) => [topic, partitions]));
    const compared = await compareTopics(brokers, existing, wanted);
    return Promise.all(
      wanted.map(async ({ topic: name }): Promise<TopicDescription> => {
        const partitions = topics.get(name);
        const comparison = compared.get(name);
        if (partitions === undefined || comparison === undefined) {
          const differences = ['does not exist'];
          const records = { count: 0n, isExact: true };
          return { name, exists: false, partitions: 0, replication: 0, settings: {}, records, differences };
        }
        const records = await countRecords(new PartitionedTopic(brokers, name, partitions));
        return { ...comparison, name, exists: true, partitions: partitions.length, records };
      }),
    );
  });
}

type TopicComparison = Pick<TopicDescription, 'replication' | 'settings' | 'differences'>;

/** Compares existing topics with the wanted ones, by full name. Rejects with a BrokerError. */
export async function compareTopics(
  brokers: Brokers,
  existing: readonly TopicMetadata[],
  wanted: readonly NewTopic[],
): Promise<ReadonlyMap<string, TopicComparison>> {
  if (existing.length === 0) return new Map();
  const names = existing.map(({ topic }) => topic);
  const keys = [...new Set(wanted.flatMap((each) => Object.keys(each.settings)))];
  const found = await brokers.any((broker) => broker.topicSettings(names, keys));
  const wantedOf = new Map(wanted.map((each) => [each.topic, each]));
  return new Map(
    existing.flatMap(({ topic, partitions }) => {
      const each = wantedOf.get(topic);
      if (each === undefined) return [];
      const replication = Math.min(...partitions.map(({ replicas }) => replicas));
      const settings = found.get(topic) ?? {};
      return [
        [topic, { replication, settings, differences: differences(each, partitions.length, replication, settings) }],
      ];
    }),
  );
}

/** True if the topic exists. Rejects with a Fault. */
export async function hasTopic(brokers: Brokers, name: string): Promise<boolean> {
  const names = await topicNames(brokers).catch((error: unknown) => Promise.reject(kafkaFault(error)));
  return names.has(name);
}

/**
 * Creates the environments' missing topics. Returns the layouts of all their topics, by full name. Rejects with a
 * Fault.
 */
export async function prepareTopics(
  brokers: Brokers,
  config: KafkaConfig,
  environmentPrefixes: readonly string[],
): Promise<ReadonlyMap<string, TopicLayout>> {
  const wanted = wantedTopics(config, environmentPrefixes);
  const names = wanted.map(({ topic }) => topic);
  try {
    await createMissingTopics(brokers, wanted);
    const topics = await readyTopics(brokers, names);
    return new Map(topics.map(({ topic, partitions }) => [topic, new TopicLayout(topic, partitions)]));
  } catch (error) {
    throw kafkaFault(error);
  }
}

/** The topics that the feed needs in these environments. */
export function wantedTopics(config: KafkaConfig, environmentPrefixes: readonly string[]): readonly NewTopic[] {
  return environmentPrefixes.flatMap((prefix) => TOPICS.map((topic) => wantedTopic(config, prefix, topic)));
}

/** One of the topics that the feed needs in an environment. */
export function wantedTopic(
  config: KafkaConfig,
  environmentPrefix: string,
  { name, partitions, cleanup, retentionMs }: TopicDefinition,
) {
  return {
    topic: config.topicPrefix + environmentPrefix + name,
    partitions: partitions === 'configured' ? config.partitions : partitions,
    replication: config.replication,
    settings: {
      'cleanup.policy': cleanup,
      'retention.ms': String(retentionMs),
      'message.timestamp.type': 'LogAppendTime',
      ...(cleanup === 'compact' ? { 'segment.ms': String(SEGMENT_MS) } : {}),
    },
  };
}

function differences(
  wanted: NewTopic,
  partitions: number,
  replication: number,
  settings: TopicSettings,
): readonly string[] {
  const found: string[] = [];
  if (partitions !== wanted.partitions) found.push(`partitions: ${partitions}, not ${wanted.partitions}`);
  if (wanted.replication !== -1 && replication !== wanted.replication) {
    found.push(`replication: ${replication}, not ${wanted.replication}`);
  }
  for (const [name, value] of Object.entries(wanted.settings)) {
    const has = settings[name];
    if (has === undefined || sorted(has) !== sorted(value)) found.push(`${name}: ${has ?? 'unknown'}, not ${value}`);
  }
  return found;
}

/** Makes `delete,compact` equal to `compact,delete`. */
function sorted(value: string): string {
  return value.split(',').sort().join(',');
}
