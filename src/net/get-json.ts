import { Fault } from '../domain/fault.ts';
import { type HttpAnswer, type HttpOptions, httpRequest } from './http-request.ts';
import { networkFault } from './network-fault.ts';

export interface GetOptions extends Pick<HttpOptions, 'maxBytes' | 'signal'> {
  /** Milliseconds from the request to the last byte of the answer. */
  readonly timeoutMs: number;
}

/**
 * Sends a GET request for JSON. A redirect is an answer and is not followed. Rejects with the signal's reason if the
 * signal aborts.
 * @throws Fault of kind `connect_failed` or `connect_timeout`, or of kind `malformed` if the body exceeds `maxBytes`
 */
export async function getJson(url: string, options: GetOptions): Promise<HttpAnswer> {
  try {
    return await httpRequest({ method: 'GET', url, headers: { accept: 'application/json' } }, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof Fault) throw new Fault(error.kind, `${url}: ${error.message}`, { cause: error });
    throw networkFault(error, url);
  }
}
