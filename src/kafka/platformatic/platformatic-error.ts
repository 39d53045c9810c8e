import { BrokerError, errorChain, HungUpError } from '../broker-error.ts';

/** The additional fields of the library's errors. */
interface LibraryError extends Error {
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly serverErrorMessage?: unknown;
  readonly response?: unknown;
}

const OWN = 'PLT_KFK_';

/**
 * Converts an error of the library to an error with the broker's address and the name that Kafka or Node.js gives it.
 */
export function brokerError(error: unknown, broker: string): Error {
  if (error instanceof BrokerError) return error;
  const chain = errorChain<LibraryError>(error);
  const answers = chain.filter(({ apiId }) => typeof apiId === 'string');
  // OPERATION_NOT_ATTEMPTED is never the cause: another part of the request failed before.
  const answer = answers.find(({ apiId }) => apiId !== 'OPERATION_NOT_ATTEMPTED') ?? answers[0];
  if (answer !== undefined) {
    const said = typeof answer.serverErrorMessage === 'string' ? answer.serverErrorMessage : answer.message;
    return new BrokerError(said, { broker, type: String(answer.apiId), cause: error });
  }
  const failure = chain.find(({ code }) => typeof code === 'string' && !code.startsWith(OWN));
  if (failure !== undefined) {
    const code = String(failure.code);
    return new BrokerError(`broker ${broker}: ${failure.message || code}`, { broker, code, cause: error });
  }
  const fields = { broker, cause: error };
  const deepest = chain.at(-1);
  if (deepest === undefined) return new BrokerError(`broker ${broker}: ${String(error)}`, fields);
  const message = `broker ${broker}: ${deepest.message}`;
  return HUNG_UP.has(deepest.constructor.name) ? new HungUpError(message, fields) : new BrokerError(message, fields);
}

/** Error classes for a closed connection, and for TLS on a port without TLS. Timeouts have another class. */
const HUNG_UP = new Set(['NetworkError', 'UserError']);

/** Returns the answer in an error: if some parts of a request fail, the library rejects with the whole answer. */
export function responseIn<T>(error: unknown): T {
  const { response } = error as LibraryError;
  if (response === undefined) throw error;
  return response as T;
}
