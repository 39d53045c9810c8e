import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../domain/fault.ts';
import { BrokerError } from './broker-error.ts';
import { Brokers } from './brokers.ts';
import type { KafkaConfig, KafkaLog } from './config.ts';
import type { NewTopic, TopicMetadata } from './contract.ts';
import { firstContactFault, isTopicNotReady, kafkaFault } from './kafka-error.ts';

const TRIES = 10;
const PAUSE_MS = 200;

/** Runs the work, then disconnects from the brokers. Rejects with a Fault. */
export async function withBrokers<T>(
  config: KafkaConfig,
  log: KafkaLog,
  work: (brokers: Brokers) => Promise<T>,
): Promise<T> {
  const brokers = new Brokers(config, log);
  try {
    return await work(brokers);
  } catch (error) {
    throw kafkaFault(error);
  } finally {
    brokers.end();
  }
}

/** The names of all topics that the brokers show. */
export async function topicNames(brokers: Pick<Brokers, 'metadata'>): Promise<ReadonlySet<string>> {
  const { topics } = await brokers.metadata('all');
  return new Set(topics.map(({ topic }) => topic));
}

/**
 * Creates the topics that do not exist yet. Resolves to their names once the brokers know them; the controller answers
 * earlier.
 */
export async function createMissingTopics(
  brokers: Pick<Brokers, 'controller' | 'metadata'>,
  topics: readonly NewTopic[],
): Promise<readonly string[]> {
  const known = await topicNames(brokers);
  const missing = topics.filter(({ topic }) => !known.has(topic));
  const names = missing.map(({ topic }) => topic);
  if (missing.length > 0) await untilReady(() => brokers.controller((broker) => broker.createTopics(missing)));
  await readyTopics(brokers, names);
  return names;
}

/** Describes the topics as soon as all of them are known and have leaders. */
export function readyTopics(
  brokers: Pick<Brokers, 'metadata'>,
  names: readonly string[],
): Promise<readonly TopicMetadata[]> {
  return untilReady(async () => {
    if (names.length === 0) return [];
    const { topics } = await brokers.metadata(names);
    for (const { topic, error, partitions } of topics) {
      if (error !== undefined) throw error;
      if (partitions.some(({ leader }) => leader === -1))
        throw new BrokerError(`${topic} has no leader`, { broker: '', type: 'LEADER_NOT_AVAILABLE' });
    }
    return topics;
  });
}

/**
 * Retries work that fails for a reason that passes soon; by default, because a broker does not know a new topic yet, or
 * the topic has no leader yet.
 */
export async function untilReady<T>(work: () => Promise<T>, isPassing = isTopicNotReady): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !isPassing(error)) throw error;
      await delay(PAUSE_MS);
    }
  }
}

/**
 * The names of all topics that the brokers show. Rejects with a Fault: `connect_timeout` or `connect_failed`. If the
 * brokers refuse this client, its retry is `never`.
 */
export async function listTopics(config: KafkaConfig, timeoutMs: number, log: KafkaLog): Promise<readonly string[]> {
  const where = config.brokers.join(', ');
  const brokers = new Brokers(config, log);
  let isTooLate = false;
  const timer = setTimeout(() => {
    isTooLate = true;
    brokers.end();
  }, timeoutMs);
  try {
    const { topics } = await brokers.metadata('all');
    return topics.map(({ topic }) => topic);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    if (isTooLate)
      throw new Fault('connect_timeout', `Kafka at ${where} did not answer within ${timeoutMs} ms`, { cause });
    const { message, retry } = firstContactFault(cause, config);
    const who = config.sasl === null ? '' : ` as user ${config.sasl.username}`;
    throw new Fault('connect_failed', `Kafka at ${where} cannot be reached${who}: ${message}`, { retry, cause });
  } finally {
    clearTimeout(timer);
    brokers.end();
  }
}
