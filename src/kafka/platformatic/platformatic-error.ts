import { BrokerError, HungUpError, partsOf } from '../broker-error.ts';

/** What the library's errors have of their own, whichever class they are of. */
interface LibraryError extends Error {
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly serverErrorMessage?: unknown;
  readonly response?: unknown;
}

const OWN = 'PLT_KFK_';

/** The library's error as one that says which broker, and Kafka's or Node's name of what is wrong. */
export function brokerError(error: unknown, broker: string): Error {
  if (error instanceof BrokerError) return error;
  const chain = partsOf<LibraryError>(error);
  const answers = chain.filter(({ apiId }) => typeof apiId === 'string');
  // Of several parts of a request, those that were not tried say nothing.
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

/** With no cause: a connection that was closed, and TLS where none was wanted. Timeouts have a class of their own. */
const HUNG_UP = new Set(['NetworkError', 'UserError']);

/** Where brokers say of some parts of a request what is wrong, the library rejects with the whole answer: it is that answer. */
export function responseIn<T>(error: unknown): T {
  const { response } = error as LibraryError;
  if (response === undefined) throw error;
  return response as T;
}
