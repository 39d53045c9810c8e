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
  /** Milliseconds without anything from the server; 10,000 by default. */
  readonly timeoutMs?: number;
}

/** One exchange; rejects only where there was no whole answer. For what `fetch` cannot do: authorities of one's own. */
export function httpRequest(
  { method, url, headers, body }: HttpRequest,
  { ca, timeoutMs = 10_000 }: HttpOptions = {},
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestHttps : requestHttp;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const exchange = send(url, { method, headers: { ...headers, ...length }, ...(ca === undefined ? {} : { ca }) });
    exchange.setTimeout(timeoutMs, () => exchange.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    exchange.once('error', reject);
    exchange.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    exchange.end(body);
  });
}
