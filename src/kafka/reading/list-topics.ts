import { Fault } from '../../domain/fault.ts';
import { Brokers } from '../brokers.ts';
import type { KafkaConfig, KafkaLog } from '../config.ts';
import { firstContactFault } from '../kafka-error.ts';

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
