import { asyncScheduler, type SchedulerLike, Subject } from 'rxjs';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { MetricsSnapshot } from '../../src/domain/metrics-snapshot.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import type { StatusSnapshot } from '../../src/domain/status-snapshot.ts';
import { createGateway, type GatewayOptions, type GatewaySettings } from '../../src/gateway/gateway.ts';
import { GATEWAY_SETTINGS } from '../../testing/feeds/gateway-settings.ts';
import { NOW } from '../../testing/records/gateway-records.ts';
import { until } from '../../testing/tools/until.ts';

/** Real time that a test can also advance. */
export class ShiftedTime implements SchedulerLike {
  #shift = 0;

  now(): number {
    return performance.now() + this.#shift;
  }

  schedule: SchedulerLike['schedule'] = (work, delay, state) => asyncScheduler.schedule(work as never, delay, state);

  pass(ms: number): void {
    this.#shift += ms;
  }
}

/** A gateway that serves the records of the test on a free port. It is closed at the end of the test. */
export async function gatewayUnderTest(
  settings: Partial<GatewaySettings> = {},
  options: Partial<Omit<GatewayOptions, 'settings'>> = {},
) {
  const records$ = new Subject<readonly FeedRecord[]>();
  const statusSnapshots$ = new Subject<StatusSnapshot>();
  const metricsSnapshots$ = new Subject<MetricsSnapshot>();
  const time = new ShiftedTime();
  const logged: string[] = [];
  const gateway = await createGateway({
    settings: { ...GATEWAY_SETTINGS, requestsPerMinute: 10_000, ...settings },
    source: { records$, statusSnapshots$, metricsSnapshots$, behind: undefined },
    historyTrades: 1000,
    mode: 'failover',
    largeTradeThreshold: 10,
    longestWindowMs: 60_000,
    scheduler: time,
    wallClockMs: () => NOW,
    fetchPastKlines: async () => [],
    fetchBest: async () => [],
    log: (_level, message) => logged.push(message),
    ...options,
  });
  onTestFinished(() => gateway.close());
  const { url } = await gateway.listen();
  return {
    gateway,
    url,
    time,
    logged,
    publish: (...records: readonly FeedRecord[]) => records$.next(records),
    look: (snapshot: StatusSnapshot) => statusSnapshots$.next(snapshot),
    count: (figures: MetricsSnapshot) => metricsSnapshots$.next(figures),
    get: (path: string, init?: RequestInit) => fetch(new URL(path, url), init),
    /** The body of the response, which must have this status. */
    async json(path: string, status = 200): Promise<Record<string, unknown>> {
      const answer = await fetch(new URL(path, url));
      const body = (await answer.json()) as Record<string, unknown>;
      if (answer.status !== status) throw new Error(`${path}: ${answer.status} ${JSON.stringify(body)}`);
      return body;
    },
    open: (path: string, ...more: unknown[]) => StreamProbe.open(`${url.replace('http', 'ws')}${path}`, more),
  };
}

/** A record as the client received it. */
export type Row = Readonly<Record<string, unknown>>;

export interface Message {
  readonly type: string;
  readonly data: Row | readonly Row[];
}

/** A WebSocket client that keeps every message. */
export class StreamProbe {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.messages.push(JSON.parse(data.toString()) as Message));
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
  }

  /** Opens the connection. Rejects with the status and body of a response that is no upgrade. */
  static async open(url: string, [protocols = [], options = {}]: readonly unknown[]): Promise<StreamProbe> {
    const socket = new WebSocket(url, protocols as string[], options as object);
    const probe = new StreamProbe(socket);
    onTestFinished(() => socket.terminate());
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => reject(new Error(`${response.statusCode} ${Buffer.concat(parts).toString()}`)));
      });
    });
    return probe;
  }

  ask(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The messages of one type, with their arrays concatenated. */
  of(type: string): readonly Row[] {
    return this.messages.filter((message) => message.type === type).flatMap(({ data }) => data);
  }

  async untilGot(type: string, count: number): Promise<readonly Row[]> {
    const what = () => `${count} of ${type}; got ${this.messages.map((message) => message.type).join(' ')}`;
    await until(() => this.of(type).length >= count, { everyMs: 5, message: what });
    return this.of(type);
  }
}
