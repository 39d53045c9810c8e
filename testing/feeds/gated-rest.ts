import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A REST interface in front of another, whose answers to one path a test lets through. To be closed with `await using`. */
export class GatedRest implements AsyncDisposable {
  readonly url: string;
  /** Seconds of `retry-after` that the next requests are refused with, one each, as too many. */
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

  /** `target`: address of the other, without a slash at its end; `gate`: what the path ends in that waits at the gate. */
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

  /** Requests that wait at the gate. */
  get held(): number {
    return this.#held.length;
  }

  /** Forgets who waits, and lets so many more through. */
  letThrough(count: number): void {
    this.#open = count;
    this.#held = [];
  }

  /** Opens the gate, also for those who wait. */
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
