import { setTimeout as delay } from 'node:timers/promises';
import { TOPICS, type TopicDefinition } from '../../codec/topics.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import { isUnsettledTopic, kafkaFault } from '../../kafka/kafka-error.ts';
import { type Admin, KafkaConnection } from '../../kafka/kafkajs/kafkajs.ts';
import { TopicLayout } from '../../kafka/topic-layout.ts';

/** A topic as it is, beside what it should be. */
export interface TopicDescription {
  /** Full name, with all prefixes. */
  readonly name: string;
  readonly exists: boolean;
  readonly partitions: number;
  readonly replication: number;
  /** The settings that the feed makes, as the broker has them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Offset of the next record, of all partitions together: how many were ever written, but for transactions' marks. */
  readonly records: bigint;
  /** What is not as it should be, for people; empty: nothing. */
  readonly differences: readonly string[];
}

const TRIES = 10;
const PAUSE_MS = 200;
/** A broker compacts what lies before the segment that it writes, a week by default; a start reads the whole topic. */
const SEGMENT_MS = 3_600_000;

/** Makes the feed's topics that are not there yet; returns their full names. Rejects with a Fault. */
export async function createTopics(
  config: KafkaConfig,
  environmentPrefixes: readonly string[],
  log: KafkaLog,
): Promise<readonly string[]> {
  return withAdmin(config, log, (admin) => createMissing(admin, config, environmentPrefixes));
}

/** What the feed's topics are and should be. Rejects with a Fault. */
export async function describeTopics(
  config: KafkaConfig,
  environmentPrefixes: readonly string[],
  log: KafkaLog,
): Promise<readonly TopicDescription[]> {
  return withAdmin(config, log, async (admin) => {
    const known = new Set(await admin.listTopics());
    const wanted = wantedTopics(config, environmentPrefixes);
    const there = wanted.filter(({ name }) => known.has(name));
    const names = there.map(({ name }) => name);
    const { topics } = names.length === 0 ? { topics: [] } : await admin.fetchTopicMetadata({ topics: names });
    const settings = await settingsOf(admin, there);
    return Promise.all(
      wanted.map(async ({ name, definition }): Promise<TopicDescription> => {
        const partitions = topics.find((topic) => topic.name === name)?.partitions;
        if (partitions === undefined) {
          const differences = ['does not exist'];
          return { name, exists: false, partitions: 0, replication: 0, settings: {}, records: 0n, differences };
        }
        const replication = Math.min(...partitions.map(({ replicas }) => replicas.length));
        const offsets = await repeated(() => admin.fetchTopicOffsets(name));
        const has = settings.get(name) ?? {};
        return {
          name,
          exists: true,
          partitions: partitions.length,
          replication,
          settings: has,
          records: offsets.reduce((sum, { offset }) => sum + BigInt(offset), 0n),
          differences: differences(config, definition, partitions.length, replication, has),
        };
      }),
    );
  });
}

/** Rejects with a Fault. */
export async function hasTopic(config: KafkaConfig, name: string, log: KafkaLog): Promise<boolean> {
  return withAdmin(config, log, async (admin) => (await admin.listTopics()).includes(name));
}

/** Makes the missing topics of the environments and looks up where their keys go, by full name. Rejects with a Fault. */
export async function prepareTopics(
  config: KafkaConfig,
  environmentPrefixes: readonly string[],
  log: KafkaLog,
): Promise<ReadonlyMap<string, TopicLayout>> {
  return withAdmin(config, log, async (admin) => {
    await createMissing(admin, config, environmentPrefixes);
    const names = wantedTopics(config, environmentPrefixes).map(({ name }) => name);
    // A topic that was just made is not known to every broker at once.
    const { topics } = await repeated(() => admin.fetchTopicMetadata({ topics: names }));
    return new Map(topics.map(({ name, partitions }) => [name, new TopicLayout(name, partitions)]));
  });
}

async function createMissing(
  admin: Admin,
  config: KafkaConfig,
  environmentPrefixes: readonly string[],
): Promise<readonly string[]> {
  const known = new Set(await admin.listTopics());
  const missing = wantedTopics(config, environmentPrefixes).filter(({ name }) => !known.has(name));
  if (missing.length === 0) return [];
  await repeated(() =>
    admin.createTopics({
      topics: missing.map(({ name, definition }) => ({
        topic: name,
        numPartitions: partitionsOf(config, definition),
        replicationFactor: config.replication,
        configEntries: Object.entries(settingsWanted(definition)).map(([key, value]) => ({ name: key, value })),
      })),
      waitForLeaders: true,
    }),
  );
  return missing.map(({ name }) => name);
}

function wantedTopics(
  config: KafkaConfig,
  environmentPrefixes: readonly string[],
): readonly { readonly name: string; readonly definition: TopicDefinition }[] {
  return environmentPrefixes.flatMap((prefix) =>
    TOPICS.map((definition) => ({ name: config.topicPrefix + prefix + definition.name, definition })),
  );
}

function partitionsOf(config: KafkaConfig, { partitions }: TopicDefinition): number {
  return partitions === 'configured' ? config.partitions : partitions;
}

function settingsWanted({ cleanup, retentionMs }: TopicDefinition): Readonly<Record<string, string>> {
  return {
    'cleanup.policy': cleanup,
    'retention.ms': String(retentionMs),
    'message.timestamp.type': 'LogAppendTime',
    ...(cleanup === 'compact' ? { 'segment.ms': String(SEGMENT_MS) } : {}),
  };
}

function differences(
  config: KafkaConfig,
  definition: TopicDefinition,
  partitions: number,
  replication: number,
  settings: Readonly<Record<string, string>>,
): readonly string[] {
  const found: string[] = [];
  const wanted = partitionsOf(config, definition);
  if (partitions !== wanted) found.push(`partitions: ${partitions}, not ${wanted}`);
  if (config.replication !== -1 && replication !== config.replication) {
    found.push(`replication: ${replication}, not ${config.replication}`);
  }
  for (const [name, value] of Object.entries(settingsWanted(definition))) {
    const has = settings[name];
    if (has === undefined || sorted(has) !== sorted(value)) found.push(`${name}: ${has ?? 'unknown'}, not ${value}`);
  }
  return found;
}

/** A list's order does not matter: `delete,compact` is `compact,delete`. */
function sorted(value: string): string {
  return value.split(',').sort().join(',');
}

const TOPIC_RESOURCE = 2;

async function settingsOf(
  admin: Admin,
  topics: readonly { readonly name: string; readonly definition: TopicDefinition }[],
): Promise<Map<string, Record<string, string>>> {
  if (topics.length === 0) return new Map();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map(({ name, definition }) => ({
      type: TOPIC_RESOURCE,
      name,
      configNames: Object.keys(settingsWanted(definition)),
    })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
}

/** What fails as a topic is not known everywhere yet is tried again. */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !isUnsettledTopic(error)) throw error;
      await delay(PAUSE_MS);
    }
  }
}

async function withAdmin<T>(config: KafkaConfig, log: KafkaLog, work: (admin: Admin) => Promise<T>): Promise<T> {
  const connection = new KafkaConnection(config, log);
  const admin = connection.admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    throw kafkaFault(error);
  } finally {
    await admin.disconnect().catch(() => {});
    connection.end();
  }
}
