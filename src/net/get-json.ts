import { Fault } from '../domain/fault.ts';
import { networkFault } from './network-fault.ts';

export interface GetOptions {
  /** From the request to the last byte of the body, milliseconds. */
  readonly timeoutMs: number;
  /** A longer body, once decompressed, is refused; 32 MiB by default. */
  readonly maxBytes?: number;
  /** Gives the request up; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Any HTTP answer, whatever its status. Header names in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As text; JSON for the caller to parse, as only an answer of 200 has to be any. */
  readonly body: string;
}

const MAX_BYTES = 32 * 1024 * 1024;

/**
 * GET of a JSON resource. Redirects are not followed: to a venue's answer a redirect is a refusal.
 * @throws Fault `connect_failed`, `connect_timeout` or, for a body beyond the bound, `malformed`.
 */
export async function getJson(url: string, options: GetOptions): Promise<HttpAnswer> {
  const { timeoutMs, maxBytes = MAX_BYTES, signal } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    const body = await readBody(response, maxBytes);
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Fault) throw error;
    if (timeout.aborted)
      throw new Fault('connect_timeout', `no answer from ${url} within ${timeoutMs} ms`, { cause: error });
    throw networkFault(error, url);
  }
}

async function readBody(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return '';
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body) {
    size += part.length;
    if (size > maxBytes) throw new Fault('malformed', `${response.url} answers with more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
