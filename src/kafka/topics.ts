import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../domain/fault.ts';
import { BrokerError } from './broker-error.ts';
import { Brokers } from './brokers.ts';
import type { KafkaConfig, KafkaLog } from './config.ts';
import type { NewTopic, TopicMetadata } from './contract.ts';
import { firstContactFault, isUnsettledTopic, kafkaFault } from './kafka-error.ts';

const TRIES = 10;
const PAUSE_MS = 200;

/** Does work at the brokers, and leaves them. Rejects with a Fault. */
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
export async function topicNames(brokers: Brokers): Promise<ReadonlySet<string>> {
  const { topics } = await brokers.metadata('all');
  return new Set(topics.map(({ topic }) => topic));
}

/** Makes those that are not there yet, and returns their names. */
export async function createMissingTopics(brokers: Brokers, topics: readonly NewTopic[]): Promise<readonly string[]> {
  const known = await topicNames(brokers);
  const missing = topics.filter(({ topic }) => !known.has(topic));
  if (missing.length > 0) await untilSettled(() => brokers.controller((broker) => broker.createTopics(missing)));
  return missing.map(({ topic }) => topic);
}

/** What is known of the topics, once all of them are known and led. */
export function settledTopics(brokers: Brokers, names: readonly string[]): Promise<readonly TopicMetadata[]> {
  return untilSettled(async () => {
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

/** Tries again what fails because a topic that was just made is not known to every broker, or has no leader yet. */
export async function untilSettled<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !isUnsettledTopic(error)) throw error;
      await delay(PAUSE_MS);
    }
  }
}

/**
 * The names of all topics that the brokers show. Rejects with a Fault: `connect_timeout` or `connect_failed`, the latter
 * not to be tried again where they refuse who asks.
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
