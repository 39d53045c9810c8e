import { type Observable, type SchedulerLike, timer } from 'rxjs';
import type { FeedMode } from '../codec/environment-topics.ts';
import type { MetricsSnapshot } from '../domain/metrics-snapshot.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { StatusSnapshot } from '../domain/status-snapshot.ts';
import type { GatewayStats } from './api/feed-answers.ts';
import { openToAll } from './api/host.ts';
import { GatewayMetrics } from './metrics/metrics.ts';
import { createServer, type ServerOptions, type ServerSettings } from './server.ts';
import { StreamHub } from './stream/stream.ts';
import { GatewayView } from './view/view.ts';

/** A gateway's data: from the feed of its own process, or from the topics of another process. Observables are hot. */
export interface GatewaySource {
  /** Records as published, in order. */
  readonly records$: Observable<readonly FeedRecord[]>;
  /** Emits every second; never if the pipeline runs elsewhere. */
  readonly statusSnapshots$: Observable<StatusSnapshot>;
  /** Emits every second; never if the pipeline runs elsewhere. */
  readonly metricsSnapshots$: Observable<MetricsSnapshot>;
  /** Why the data is not up to the present yet; undefined if it is. */
  readonly behind: string | undefined;
}

export interface GatewaySettings extends ServerSettings {
  /** Port to listen on; 0 takes any free port. */
  readonly port: number;
}

type ForServer =
  | 'largeTradeThreshold'
  | 'longestWindowMs'
  | 'dashboardDir'
  | 'requestTimeoutMs'
  | 'log'
  | 'fetchPastKlines'
  | 'fetchBest';

export interface GatewayOptions extends Pick<ServerOptions, ForServer> {
  readonly settings: GatewaySettings;
  readonly source: GatewaySource;
  /** How many trades of a symbol are remembered. */
  readonly historyTrades: number;
  readonly mode: FeedMode;
  /** The coins' tiers in the configuration, by coin. Default: none is known. */
  readonly tiers?: Readonly<Record<string, number>>;
  /** Maximum number of WebSockets; more are refused. Default 2,000. */
  readonly maxClients?: number;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
}

/** Serves the feed to browsers and programs. */
export interface Gateway {
  /** Rejects if it cannot listen on the address. */
  listen(): Promise<{ readonly url: string }>;
  stats(): GatewayStats;
  /** Closes WebSockets with code 1001, then the server. */
  close(): Promise<void>;
}

const MAX_CLIENTS = 2000;
/** Milliseconds after which WebSocket clients that have not closed are disconnected. */
const CLOSE_WITHIN_MS = 500;

/** Creates a gateway, which follows its source from now on and serves it after `listen`. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { settings, source, scheduler } = options;
  const view = new GatewayView({ ...options, behind: () => source.behind });
  const hub = new StreamHub({ view, scheduler, maxClients: options.maxClients ?? MAX_CLIENTS });
  const stats = (): GatewayStats => hub.stats;
  const metrics = new GatewayMetrics(view, stats);
  // The server reads its pages from disk, so it comes after the subscriptions: a hot source must not wait.
  const taking = source.records$.subscribe((records) => {
    for (const record of records) if (view.add(record)) hub.publish(record);
  });
  taking.add(source.statusSnapshots$.subscribe((snapshot) => view.setSnapshot(snapshot)));
  taking.add(
    timer(0, 1000, scheduler).subscribe(() => {
      view.sampleRates();
      metrics.sample();
    }),
  );
  taking.add(source.metricsSnapshots$.subscribe((snapshot) => metrics.setSnapshot(snapshot)));
  const server = await createServer({ ...options, view, hub, metrics }).catch((error: unknown) => {
    taking.unsubscribe();
    metrics.close();
    throw error;
  });
  return {
    stats,
    async listen() {
      const warning = openToAll(settings);
      if (warning !== undefined) options.log('warn', warning, { event: 'gateway_open' });
      return { url: await server.listen({ host: settings.host, port: settings.port }) };
    },
    async close() {
      taking.unsubscribe();
      metrics.close();
      hub.close();
      const late = scheduler.schedule(() => {
        for (const socket of server.websocketServer.clients) socket.terminate();
      }, CLOSE_WITHIN_MS);
      await server.close();
      late.unsubscribe();
    },
  };
}
