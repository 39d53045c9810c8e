import { BrokerError, HungUpError } from '../broker-error.ts';

/** An error of kafkajs as one that says which broker, and Kafka's or Node's name of what is wrong. */
export function kafkajsError(error: unknown, broker: string): Error {
  if (error instanceof BrokerError) return error;
  const causes = causesOf(error);
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
  readonly errors?: unknown;
}

/** The error, what caused it, and what it is made of. */
function causesOf(error: unknown): readonly LibraryError[] {
  const found: LibraryError[] = [];
  const visit = (each: unknown): void => {
    if (!(each instanceof Error) || found.includes(each)) return;
    found.push(each);
    visit(each.cause);
    const { errors }: LibraryError = each;
    if (Array.isArray(errors)) errors.forEach(visit);
  };
  visit(error);
  return found;
}
