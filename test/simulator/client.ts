import { once } from 'node:events';
import { WebSocket } from 'ws';
import { until } from '../../testing/tools/until.ts';

type Message = Record<string, unknown>;

/** A bare WebSocket client that keeps every message. */
export class Client {
  readonly ws: WebSocket;
  readonly texts: string[] = [];
  readonly binaries: Buffer[] = [];
  readonly pings: string[] = [];
  pongs = 0;
  private readonly parsed: Message[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data: Buffer, binary) => {
      if (binary) this.binaries.push(data);
      else this.texts.push(data.toString());
    });
    ws.on('ping', (data) => this.pings.push(data.toString()));
    ws.on('pong', () => this.pongs++);
    ws.on('error', () => {});
    ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
  }

  static async open(url: string, options: { autoPong?: boolean } = {}): Promise<Client> {
    const client = new Client(new WebSocket(url, { perMessageDeflate: false, ...options }));
    await once(client.ws, 'open');
    return client;
  }

  send(message: unknown): void {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  get messages(): readonly Message[] {
    for (let i = this.parsed.length; i < this.texts.length; i++)
      this.parsed.push(JSON.parse(this.texts[i] as string) as Message);
    return this.parsed;
  }

  /** Waits for a message that passes, and returns it. */
  async message(passes: (message: Message) => boolean, what = 'a message'): Promise<Message> {
    const found = await until(() => this.messages.find(passes), {
      everyMs: 5,
      message: () => `${what}; got ${this.texts.slice(-5).join('\n')}`,
    });
    return found as Message;
  }

  async count(least: number): Promise<void> {
    await until(() => this.texts.length >= least, {
      everyMs: 5,
      message: () => `${least} messages, got ${this.texts.length}`,
    });
  }

  async end(): Promise<{ code: number; reason: string }> {
    return (await until(() => this.closed, { everyMs: 5, message: 'the connection to end' })) as {
      code: number;
      reason: string;
    };
  }

  close(): void {
    this.ws.terminate();
  }
}

/** The HTTP status and Retry-After of a refused handshake. */
export async function refusal(url: string): Promise<{ status: number; retryAfter: string | undefined; body: string }> {
  const ws = new WebSocket(url);
  ws.on('error', () => {});
  const [, response] = (await once(ws, 'unexpected-response')) as [unknown, import('node:http').IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  ws.terminate();
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    body: Buffer.concat(parts).toString(),
  };
}

/** The body of a GET, as JSON. */
export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  return (await response.json()) as T;
}
