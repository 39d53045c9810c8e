import type { Observable } from 'rxjs';
import type { MetricsSnapshot } from '../domain/metrics-snapshot.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { StatusSnapshot } from '../domain/status-snapshot.ts';

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
