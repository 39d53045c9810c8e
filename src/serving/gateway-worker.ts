import { parentPort, workerData } from 'node:worker_threads';
import { Subject } from 'rxjs';
import type { MetricsSnapshot } from '../domain/metrics-snapshot.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { StatusSnapshot } from '../domain/status-snapshot.ts';
import { createGateway } from '../gateway/gateway.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import type { ConfiguredGateway } from './gateway-options.ts';

export type ToGateway =
  | { readonly kind: 'records'; readonly records: readonly FeedRecord[] }
  | { readonly kind: 'snapshot'; readonly snapshot: StatusSnapshot; readonly metrics: MetricsSnapshot }
  | { readonly kind: 'close' };

export type FromGateway =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'acknowledged'; readonly count: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn'; readonly fields: object; readonly message: string };

/** The thread of `gateway-thread`: a gateway for the records posted to it. */
const port = parentPort;
if (port === null) throw new Error('this file is a thread of the pipeline');
const post = (message: FromGateway): void => port.postMessage(message);

const records$ = new Subject<readonly FeedRecord[]>();
const statusSnapshots$ = new Subject<StatusSnapshot>();
const metricsSnapshots$ = new Subject<MetricsSnapshot>();
const gateway = await createGateway({
  ...(workerData as ConfiguredGateway),
  source: { records$, statusSnapshots$, metricsSnapshots$, behind: undefined },
  scheduler: monotonicScheduler,
  wallClockMs: Date.now,
  log: (level, message, fields) => post({ kind: 'log', level, fields, message }),
});

port.on('message', (message: ToGateway) => {
  if (message.kind === 'records') {
    records$.next(message.records);
    post({ kind: 'acknowledged', count: message.records.length });
  } else if (message.kind === 'snapshot') {
    statusSnapshots$.next(message.snapshot);
    metricsSnapshots$.next(message.metrics);
  } else void gateway.close().then(() => port.close());
});

gateway.listen().then(
  ({ url }) => post({ kind: 'listening', url }),
  (error: unknown) => {
    post({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    void gateway.close().then(() => port.close());
  },
);
