import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpOptions {
  /** PEM of the authorities that are trusted; undefined: the system's. */
  readonly ca?: string | Buffer;
  /** Milliseconds to the last byte of the answer; 10,000 by default. */
  readonly timeoutMs?: number;
  /** A longer answer is refused; 32 MiB by default. */
  readonly maxBytes?: number;
}

/** One exchange; rejects only where there was no whole answer. For what `fetch` cannot do: authorities of one's own. */
export function httpRequest(
  { method, url, headers, body }: HttpRequest,
  { ca, timeoutMs = 10_000, maxBytes = 32 * 2 ** 20 }: HttpOptions = {},
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestHttps : requestHttp;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const exchange = send(url, { method, headers: { ...headers, ...length }, ...(ca === undefined ? {} : { ca }) });
    const giveUp = (reason: string): void => {
      exchange.destroy();
      reject(new Error(reason));
    };
    const timer = setTimeout(() => giveUp(`no answer within ${timeoutMs} ms`), timeoutMs);
    exchange.once('close', () => clearTimeout(timer));
    exchange.once('error', reject);
    exchange.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) giveUp(`an answer of more than ${maxBytes} bytes`);
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    exchange.end(body);
  });
}
