import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Fault } from '../domain/fault.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpOptions {
  /** PEM of the authorities that are trusted; undefined: the system's. */
  readonly ca?: string | Buffer;
  /** From the request to the last byte of the answer, milliseconds; 10,000 by default. */
  readonly timeoutMs?: number;
  /** A longer body, once decompressed, is refused; 32 MiB by default. */
  readonly maxBytes?: number;
  /** Gives the request up; the promise then rejects. */
  readonly signal?: AbortSignal;
}

/** Any HTTP answer, whatever its status. Header names in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As text; JSON for the caller to parse, as only an answer of 200 has to be any. */
  readonly body: string;
}

/** Who asks; and the lists of instruments are megabytes, which servers compress only for who takes it. */
const HEADERS = { 'user-agent': 'market-feed', 'accept-encoding': 'gzip' };

/**
 * One exchange; rejects only where there was no whole answer. Redirects are not followed. Not by `fetch`, which knows no
 * authorities of one's own, and costs 16 MiB of memory.
 * @throws Fault `connect_timeout` or, for a body beyond the bound, `malformed`; else the error of Node's.
 */
export function httpRequest(
  { method, url, headers, body }: HttpRequest,
  { timeoutMs = 10_000, maxBytes = 32 * 2 ** 20, ...options }: HttpOptions = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestHttps : requestHttp;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const exchange = send(url, { method, headers: { ...HEADERS, ...headers, ...length }, ...options });
    const giveUp = (reason: Fault): void => {
      reject(reason);
      exchange.destroy();
    };
    const timer = setTimeout(() => giveUp(new Fault('connect_timeout', `no answer within ${timeoutMs} ms`)), timeoutMs);
    exchange.once('close', () => clearTimeout(timer));
    exchange.on('error', reject);
    exchange.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const plain = decompressed(response);
      plain.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) giveUp(new Fault('malformed', `an answer of more than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      plain.on('error', reject);
      plain.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: flatHeaders(response),
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    exchange.end(body);
  });
}

export function flatHeaders({ headers }: IncomingMessage): HttpAnswer['headers'] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
}

function decompressed(response: IncomingMessage): Readable {
  if (response.headers['content-encoding'] !== 'gzip') return response;
  // Its error comes out of the stream that it returns as well.
  return pipeline(response, createGunzip(), () => {});
}
