import { Fault } from '../domain/fault.ts';
import { type HttpAnswer, type HttpOptions, httpRequest } from './http-request.ts';
import { networkFault } from './network-fault.ts';

export interface GetOptions extends Pick<HttpOptions, 'maxBytes' | 'signal'> {
  /** Milliseconds from the request to the last byte of the answer. */
  readonly timeoutMs: number;
}

/**
 * Sends a GET request for JSON. Redirects are answers. Rejects with the signal's reason if that aborts.
 * @throws Fault `connect_failed`, `connect_timeout` or, for a body above `maxBytes`, `malformed`.
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
