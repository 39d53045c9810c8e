import { type Observable, type SchedulerLike, timer } from 'rxjs';
import type { FeedMode } from '../codec/environment-topics.ts';
import type { MetricsSnapshot } from '../domain/metrics-snapshot.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { StatusSnapshot } from '../domain/status-snapshot.ts';
import type { GatewayStats } from './api/feed-answers.ts';
import { GatewayMetrics } from './metrics/metrics.ts';
import { createServer, type ServerOptions, type ServerSettings } from './server.ts';
import { StreamHub } from './stream/stream.ts';
import { GatewayView } from './view/view.ts';

/** What a gateway serves from: the feed of its own process, or the topics of one that runs elsewhere. Both are hot. */
export interface GatewaySource {
  /** Records as they are published, in order. */
  readonly records$: Observable<readonly FeedRecord[]>;
  /** The pipeline's own view of itself, every second; never emits where it runs elsewhere. */
  readonly statusSnapshots$: Observable<StatusSnapshot>;
  /** What it counts, as often. */
  readonly metricsSnapshots$: Observable<MetricsSnapshot>;
  /** Why what was given so far is not yet the present; undefined: it is. */
  readonly behind: string | undefined;
}

export interface GatewaySettings extends ServerSettings {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface GatewayOptions extends Pick<ServerOptions, 'largeTradeThreshold' | 'dashboardDir' | 'log'> {
  readonly settings: GatewaySettings;
  readonly source: GatewaySource;
  /** How many trades of a symbol are remembered. */
  readonly historyTrades: number;
  readonly mode: FeedMode;
  /** More WebSockets are refused. Default 2,000. */
  readonly maxClients?: number;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
}

/** What serves the feed to browsers and programs. */
export interface Gateway {
  /** Rejects where the address cannot be listened on. */
  listen(): Promise<{ readonly url: string }>;
  stats(): GatewayStats;
  /** Tells WebSocket clients (1001) and ends. */
  close(): Promise<void>;
}

const MAX_CLIENTS = 2000;
/** WebSocket clients that have not taken their leave by then are cut off. */
const LEAVE_WITHIN_MS = 500;

/** A gateway that takes in its source from now on, and serves it once it is told to listen. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { settings, source, scheduler } = options;
  const view = new GatewayView({ ...options, behind: () => source.behind });
  const hub = new StreamHub({ view, scheduler, maxClients: options.maxClients ?? MAX_CLIENTS });
  const stats = (): GatewayStats => hub.stats;
  const metrics = new GatewayMetrics(view, stats);
  const server = await createServer({ ...options, view, hub, metrics });
  const taking = source.records$.subscribe((records) => {
    for (const record of records) if (view.add(record)) hub.publish(record);
  });
  taking.add(source.statusSnapshots$.subscribe((snapshot) => view.look(snapshot)));
  taking.add(
    timer(0, 1000, scheduler).subscribe(() => {
      view.second();
      metrics.second();
    }),
  );
  taking.add(source.metricsSnapshots$.subscribe((figures) => metrics.look(figures)));
  return {
    stats,
    listen: async () => ({ url: await server.listen({ host: settings.host, port: settings.port }) }),
    async close() {
      taking.unsubscribe();
      metrics.close();
      hub.close();
      const late = scheduler.schedule(() => {
        for (const socket of server.websocketServer.clients) socket.terminate();
      }, LEAVE_WITHIN_MS);
      await server.close();
      late.unsubscribe();
    },
  };
}
