import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A proxy in front of a REST API. It holds the requests to one path until the test lets them through. Close it with
 * `await using`.
 */
export class GatedRest implements AsyncDisposable {
  readonly url: string;
  /** The next requests are refused with 429, one for each entry: its `retry-after` in seconds. */
  readonly refusals: number[] = [];
  readonly #gate: string;
  readonly #close: () => Promise<void>;
  #open = Number.POSITIVE_INFINITY;
  #held: (() => void)[] = [];

  private constructor(port: number, gate: string, close: () => Promise<void>) {
    this.url = `http://127.0.0.1:${port}`;
    this.#gate = gate;
    this.#close = close;
  }

  /**
   * `target`: base URL of the real API, without a slash at its end. `gate`: the end of the path of the requests that
   * are held.
   */
  static async start(target: string, gate: string): Promise<GatedRest> {
    const server = createServer((request, response) => {
      const refusal = rest.refusals.shift();
      if (refusal !== undefined) {
        response.writeHead(429, { 'retry-after': String(refusal) }).end('{"code":-1003,"msg":"Too much weight used."}');
        return;
      }
      void (async () => {
        await rest.#pass(new URL(request.url ?? '', target).pathname);
        const answer = await fetch(target + request.url);
        response.writeHead(answer.status).end(await answer.text());
      })().catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const rest = new GatedRest((server.address() as AddressInfo).port, gate, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return rest;
  }

  /** Number of requests that are held. */
  get held(): number {
    return this.#held.length;
  }

  /** Never answers the requests that are held now. Lets the next `count` requests through. */
  letThrough(count: number): void {
    this.#open = count;
    this.#held = [];
  }

  /** Lets all requests through, also those that are held. */
  open(): void {
    this.#open = Number.POSITIVE_INFINITY;
    for (const pass of this.#held.splice(0)) pass();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async #pass(path: string): Promise<void> {
    if (!path.endsWith(this.#gate) || this.#open-- > 0) return;
    await new Promise<void>((resolve) => this.#held.push(resolve));
  }
}
