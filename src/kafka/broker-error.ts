interface BrokerErrorFields {
  /** host:port. */
  readonly broker: string;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  readonly cause?: unknown;
}

/** A failure at a broker, in the same form for all client libraries. */
export class BrokerError extends Error {
  override readonly name: string = 'BrokerError';
  readonly broker: string;
  /** Kafka's name of the error, if a broker answered. */
  readonly type: string | undefined;
  /** The code of Node's error, if the connection failed. */
  readonly code: string | undefined;

  constructor(message: string, { broker, type, code, cause }: BrokerErrorFields) {
    super(message.replace(/\.$/, ''), { cause });
    this.broker = broker;
    this.type = type;
    this.code = code;
  }
}

/** The broker closed the connection without an answer, or does not speak this protocol (TLS or plain text). */
export class HungUpError extends BrokerError {
  override readonly name = 'HungUpError';
}

/**
 * Returns an error, its causes and the errors of aggregates. `E` is not checked: declare its added fields `unknown`.
 */
export function errorChain<E extends Error>(error: unknown): readonly E[] {
  const found: E[] = [];
  const visit = (each: unknown): void => {
    if (!(each instanceof Error) || found.some((known) => known === each)) return;
    found.push(each as E);
    visit(each.cause);
    if ('errors' in each && Array.isArray(each.errors)) each.errors.forEach(visit);
  };
  visit(error);
  return found;
}
