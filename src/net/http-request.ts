import type { IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Fault } from '../domain/fault.ts';
import { http } from './http.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpOptions {
  /** PEM certificates of the trusted authorities. Default: the authorities that Node.js trusts. */
  readonly ca?: string | Buffer;
  /** Milliseconds from the request to the last byte of the answer. Default 10,000. */
  readonly timeoutMs?: number;
  /** Limit of the decompressed body, bytes. Default 32 MiB. */
  readonly maxBytes?: number;
  /** Aborts the request; the promise then rejects. */
  readonly signal?: AbortSignal;
}

/** An HTTP answer of any status. Header names are in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** Lists of instruments are megabytes, so we ask for compression. */
const HEADERS = { 'user-agent': 'market-feed', 'accept-encoding': 'gzip' };

/**
 * Sends one request. Rejects only if no whole answer comes. A redirect is an answer and is not followed. It does not
 * use `fetch`, which accepts no additional certificate authorities.
 * @throws Fault of kind `connect_timeout`, or of kind `malformed` if the body exceeds `maxBytes`; otherwise Node's
 * error
 */
export function httpRequest(
  { method, url, headers, body }: HttpRequest,
  { timeoutMs = 10_000, maxBytes = 32 * 2 ** 20, ...options }: HttpOptions = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestHttps : http.request;
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
  // The callback is empty, because the returned stream emits the error too.
  return pipeline(response, createGunzip(), () => {});
}
