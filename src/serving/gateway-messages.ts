import type { MetricsSnapshot } from '../domain/metrics-snapshot.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { StatusSnapshot } from '../domain/status-snapshot.ts';

export type ToGateway =
  | { readonly kind: 'records'; readonly records: readonly FeedRecord[] }
  | { readonly kind: 'snapshot'; readonly snapshot: StatusSnapshot; readonly metrics: MetricsSnapshot }
  | { readonly kind: 'close' };

export type FromGateway =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'taken'; readonly count: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn'; readonly fields: object; readonly message: string };
