import { BrokerError, errorChain, HungUpError } from '../broker-error.ts';

/** Converts an error of kafkajs to an error with the broker's address and the name that Kafka or Node.js gives it. */
export function kafkajsError(error: unknown, broker: string): Error {
  if (error instanceof BrokerError) return error;
  const causes = errorChain<LibraryError>(error);
  const cause = error;
  for (const { name, message, type } of causes) {
    if (name === 'KafkaJSSASLAuthenticationError')
      return new BrokerError(message, { broker, type: 'SASL_AUTHENTICATION_FAILED', cause });
    if (typeof type === 'string') return new BrokerError(message, { broker, type, cause });
  }
  const failed = causes.find(({ code }) => typeof code === 'string');
  const message = failed?.message ?? (error instanceof Error ? error.message : String(error));
  if (failed !== undefined) return new BrokerError(message, { broker, code: String(failed.code), cause });
  const isHungUp = causes.some(({ name }) => name === 'KafkaJSConnectionClosedError');
  return isHungUp ? new HungUpError(message, { broker, cause }) : new BrokerError(message, { broker, cause });
}

interface LibraryError extends Error {
  readonly type?: unknown;
  readonly code?: unknown;
}
