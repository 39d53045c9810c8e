import { parentPort, workerData } from 'node:worker_threads';
import { Subject } from 'rxjs';
import type { MetricsSnapshot } from '../domain/metrics-snapshot.ts';
import type { FeedRecord, Kline } from '../domain/record.ts';
import type { StatusSnapshot } from '../domain/status-snapshot.ts';
import { createGateway } from '../gateway/gateway.ts';
import type { PastKlinesWanted } from '../gateway/view/kline-history.ts';
import type { BestPrices } from '../market/book/best-prices.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import type { ConfiguredGateway } from './gateway-options.ts';

export type ToGateway =
  | { readonly kind: 'records'; readonly records: readonly FeedRecord[] }
  | { readonly kind: 'snapshot'; readonly snapshot: StatusSnapshot; readonly metrics: MetricsSnapshot }
  | { readonly kind: 'klines'; readonly id: number; readonly klines: readonly Kline[] }
  | { readonly kind: 'klines_failed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'best'; readonly best: readonly BestPrices[] }
  | { readonly kind: 'close' };

export type FromGateway =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'acknowledged'; readonly count: number }
  | { readonly kind: 'failed'; readonly reason: string }
  /** A question that is answered by `klines` or `klines_failed` with the same id. */
  | { readonly kind: 'fetch_klines'; readonly id: number; readonly wanted: PastKlinesWanted }
  /** A question that is answered by `best`. */
  | { readonly kind: 'fetch_best' }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn'; readonly fields: object; readonly message: string };

/** The thread of `gateway-thread`: a gateway for the records posted to it. */
const port = parentPort;
if (port === null) throw new Error('this file is a thread of the pipeline');
const post = (message: FromGateway): void => port.postMessage(message);

const records$ = new Subject<readonly FeedRecord[]>();
const statusSnapshots$ = new Subject<StatusSnapshot>();
const metricsSnapshots$ = new Subject<MetricsSnapshot>();
/** The questions that wait for an answer of the pipeline's thread, which has the venues. */
const asked = new Map<number, PromiseWithResolvers<readonly Kline[]>>();
let lastId = 0;
/** The question for the best prices; undefined if none waits. */
let askedForBest: PromiseWithResolvers<readonly BestPrices[]> | undefined;
const gateway = await createGateway({
  ...(workerData as ConfiguredGateway),
  source: { records$, statusSnapshots$, metricsSnapshots$, behind: undefined },
  scheduler: monotonicScheduler,
  wallClockMs: Date.now,
  fetchPastKlines(wanted) {
    const answer = Promise.withResolvers<readonly Kline[]>();
    asked.set(++lastId, answer);
    post({ kind: 'fetch_klines', id: lastId, wanted });
    return answer.promise;
  },
  fetchBest() {
    if (askedForBest === undefined) post({ kind: 'fetch_best' });
    askedForBest ??= Promise.withResolvers();
    return askedForBest.promise;
  },
  log: (level, message, fields) => post({ kind: 'log', level, fields, message }),
});

port.on('message', (message: ToGateway) => {
  if (message.kind === 'records') {
    records$.next(message.records);
    post({ kind: 'acknowledged', count: message.records.length });
  } else if (message.kind === 'snapshot') {
    statusSnapshots$.next(message.snapshot);
    metricsSnapshots$.next(message.metrics);
  } else if (message.kind === 'klines' || message.kind === 'klines_failed') {
    const answer = asked.get(message.id);
    asked.delete(message.id);
    if (message.kind === 'klines') answer?.resolve(message.klines);
    else answer?.reject(new Error(message.reason));
  } else if (message.kind === 'best') {
    askedForBest?.resolve(message.best);
    askedForBest = undefined;
  } else void gateway.close().then(() => port.close());
});

gateway.listen().then(
  ({ url }) => post({ kind: 'listening', url }),
  (error: unknown) => {
    post({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    void gateway.close().then(() => port.close());
  },
);
