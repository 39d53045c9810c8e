import { Fault } from '../domain/fault.ts';
import type { KafkaConfig, KafkaLog } from './config.ts';
import { isRefusedAccess, reasonOf } from './kafka-error.ts';
import { KafkaConnection } from './kafkajs.ts';

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
    if (!isRefusedAccess(cause))
      throw new Fault('connect_failed', `Kafka at ${where} cannot be reached: ${reasonOf(cause)}`, { cause });
    const who = config.sasl === null ? 'this client' : `user ${config.sasl.username}`;
    throw new Fault('connect_failed', `Kafka at ${where} refuses ${who}: ${reasonOf(cause)}`, {
      retry: { kind: 'never' },
      cause,
    });
  } finally {
    clearTimeout(timer);
    await admin.disconnect().catch(() => {});
    connection.end();
  }
}
