interface BrokerErrorFields {
  /** host:port. */
  readonly broker: string;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  readonly cause?: unknown;
}

/** What failed at a broker, whichever client library says so, in the shape that `kafka-error.ts` reads. */
export class BrokerError extends Error {
  override readonly name: string = 'BrokerError';
  readonly broker: string;
  /** Kafka's name of the error, if a broker answered with one. */
  readonly type: string | undefined;
  /** Of Node's error, if the connection failed. */
  readonly code: string | undefined;

  constructor(message: string, { broker, type, code, cause }: BrokerErrorFields) {
    super(message.replace(/\.$/, ''), { cause });
    this.broker = broker;
    this.type = type;
    this.code = code;
  }
}

/** The broker closed the connection without a word, or spoke otherwise than it was spoken to. */
export class HungUpError extends BrokerError {
  override readonly name = 'HungUpError';
}

/** A client library's error, what caused it, and what it is made of. */
export function partsOf<E extends Error>(error: unknown): readonly E[] {
  const found: E[] = [];
  const visit = (each: unknown): void => {
    if (!(each instanceof Error) || found.some((known) => known === each)) return;
    found.push(each as E); // its further fields are all unknown
    visit(each.cause);
    if ('errors' in each && Array.isArray(each.errors)) each.errors.forEach(visit);
  };
  visit(error);
  return found;
}
