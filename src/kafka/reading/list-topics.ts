import { Fault } from '../../domain/fault.ts';
import type { KafkaConfig, KafkaLog } from '../config.ts';
import { firstContactFault } from '../kafka-error.ts';
import { KafkaConnection } from '../kafkajs/kafkajs.ts';

/**
 * The names of all topics that the brokers show. Rejects with a Fault: `connect_timeout` or `connect_failed`, the latter
 * not to be tried again where they refuse who asks.
 */
export async function listTopics(config: KafkaConfig, timeoutMs: number, log: KafkaLog): Promise<readonly string[]> {
  const where = config.brokers.join(', ');
  const connection = new KafkaConnection(config, log);
  const admin = connection.admin();
  let isTooLate = false;
  const timer = setTimeout(() => {
    isTooLate = true;
    connection.end();
  }, timeoutMs);
  try {
    await admin.connect();
    return await admin.listTopics();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    if (isTooLate)
      throw new Fault('connect_timeout', `Kafka at ${where} did not answer within ${timeoutMs} ms`, { cause });
    const { message, retry } = firstContactFault(cause, config);
    const who = config.sasl === null ? '' : ` as user ${config.sasl.username}`;
    throw new Fault('connect_failed', `Kafka at ${where} cannot be reached${who}: ${message}`, { retry, cause });
  } finally {
    clearTimeout(timer);
    await admin.disconnect().catch(() => {});
    connection.end();
  }
}
