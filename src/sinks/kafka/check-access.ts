import type { Brokers } from '../../kafka/brokers.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import type { NewTopic, TopicMetadata } from '../../kafka/contract.ts';
import {
  isNotYetCoordinated,
  isRefused,
  isRefusedTransactionalId,
  isUnknownTopic,
  reasonOf,
} from '../../kafka/kafka-error.ts';
import { PartitionedTopic } from '../../kafka/reading/partitioned-topic.ts';
import { listTopics, readyTopics, untilReady, withBrokers } from '../../kafka/topics.ts';
import { HEALER, transactionalIdOf } from './fence.ts';
import { compareTopics, wantedTopics } from './topics.ts';

/** What a start of the feed would find at the brokers. The texts are for people. */
export interface AccessReport {
  readonly topics: number;
  readonly missingTopics: number;
  /** Each makes a start fail. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

const TIMEOUT_MS = 5000;
/** The topics that a start reads. */
const READ = ['positions', 'trades', 'agg-trades', 'trade-stats', 'gaps'];
/** The topics that only the healing of gaps reads. */
const READ_TO_HEAL = ['late-trades', 'audits'];
/** Coordinators know no producer with this id, so a request with it changes nothing. */
const NO_PRODUCER = { producerId: '-1', producerEpoch: 0 };

/**
 * Asks the brokers whether a feed can start: whether they answer, whether its topics are as they should be, and whether
 * this user has the rights. Changes nothing. Rejects with a Fault if no broker answers.
 */
export async function checkAccess(
  config: KafkaConfig,
  environmentPrefixes: readonly string[],
  log: KafkaLog,
): Promise<AccessReport> {
  await listTopics(config, TIMEOUT_MS, log);
  const wanted = wantedTopics(config, environmentPrefixes);
  const named = (names: readonly string[]) =>
    new Set(environmentPrefixes.flatMap((prefix) => names.map((name) => config.topicPrefix + prefix + name)));
  const [read, readToHeal] = [named(READ), named(READ_TO_HEAL)];
  return withBrokers(config, log, async (brokers) => {
    const { topics: seen } = await brokers.metadata(wanted.map(({ topic }) => topic));
    const namesWith = (test: (error: unknown) => boolean) =>
      seen.filter(({ error }) => test(error)).map(({ topic }) => topic);
    const hidden = namesWith(isRefused);
    const unknown = new Set(namesWith(isUnknownTopic));
    const missing = wanted.filter(({ topic }) => unknown.has(topic));
    const there = await readyTopics(
      brokers,
      namesWith((error) => !isRefused(error) && !isUnknownTopic(error)),
    );
    const toHeal = there.filter(({ topic }) => readToHeal.has(topic));
    return {
      topics: wanted.length,
      missingTopics: missing.length,
      problems: [
        ...hidden.map((topic) => refusal(`to see ${topic}`, 'Describe')),
        ...(await whyNotCreated(brokers, missing)),
        ...(await whyNotWritten(brokers, transactionalIdOf(config, environmentPrefixes[0]), there)),
        ...(await whyNotRead(
          brokers,
          there.filter(({ topic }) => read.has(topic)),
        )),
      ],
      warnings: [
        ...(await differencesOf(brokers, there, wanted)),
        ...[
          ...(await whyNotWritten(brokers, transactionalIdOf(config, environmentPrefixes[0], HEALER), toHeal)),
          ...(await whyNotRead(brokers, toHeal)),
        ].map((refused) => `gaps are not healed: ${refused}`),
      ],
    };
  });
}

const refusal = (what: string, right: string) => `the brokers do not allow this user ${what} (right ${right})`;

/** The brokers only validate the topics. */
async function whyNotCreated(brokers: Brokers, topics: readonly NewTopic[]): Promise<readonly string[]> {
  for (const topic of topics) {
    const problem = await failureOf(
      brokers.controller((broker) => broker.createTopics([topic], { validateOnly: true })),
    );
    // The others most likely fail for the same reason.
    if (problem !== undefined) return [`cannot create ${topic.topic}: ${reasonOf(problem)}`];
  }
  return [];
}

/** Asks a coordinator to add the topics to a transaction of an unknown producer. It checks the rights first. */
async function whyNotWritten(
  brokers: Brokers,
  transactionalId: string,
  topics: readonly TopicMetadata[],
): Promise<readonly string[]> {
  const problems: string[] = [];
  const mayUseId = await failureOf(
    untilReady(() => brokers.coordinator('transaction', transactionalId), isNotYetCoordinated),
  );
  for (const { topic } of topics) {
    const failure = mayUseId ?? (await failureOf(addToNoTransaction(brokers, transactionalId, topic)));
    if (isRefusedTransactionalId(failure)) return [refusal(`to use the transactional id ${transactionalId}`, 'Write')];
    if (isRefused(failure)) problems.push(refusal(`to write to ${topic}`, 'Write'));
  }
  return problems;
}

function addToNoTransaction(brokers: Brokers, transactionalId: string, topic: string): Promise<void> {
  return untilReady(async () => {
    const coordinated = await brokers.coordinator('transaction', transactionalId);
    const transaction = { transactionalId, ...NO_PRODUCER };
    await coordinated((broker) => broker.addPartitionsToTransaction(transaction, [{ topic, partitions: [0] }]));
  }, isNotYetCoordinated);
}

async function whyNotRead(brokers: Brokers, topics: readonly TopicMetadata[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { topic: name, partitions } of topics) {
    const topic = new PartitionedTopic(brokers, name, partitions);
    const limits = { maxWaitMs: 0, maxBytes: 1 };
    const failure = await failureOf(
      topic.ask(partitions[0]?.leader ?? -1, (broker) => broker.fetch(name, new Map([[0, 0n]]), limits)),
    );
    if (isRefused(failure)) problems.push(refusal(`to read ${name}`, 'Read'));
  }
  return problems;
}

async function differencesOf(
  brokers: Brokers,
  topics: readonly TopicMetadata[],
  wanted: readonly NewTopic[],
): Promise<readonly string[]> {
  try {
    const compared = await compareTopics(brokers, topics, wanted);
    return [...compared].flatMap(([name, { differences }]) => differences.map((each) => `${name}: ${each}`));
  } catch (error) {
    return [`the settings of the topics are not known: ${reasonOf(error)} (right DescribeConfigs)`];
  }
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}
