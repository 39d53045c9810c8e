import type { FeedFigures } from '../domain/feed-figures.ts';
import type { FeedSnapshot } from '../domain/feed-snapshot.ts';
import type { FeedRecord } from '../domain/record.ts';

export type ToGateway =
  | { readonly kind: 'records'; readonly records: readonly FeedRecord[] }
  | { readonly kind: 'snapshot'; readonly snapshot: FeedSnapshot; readonly figures: FeedFigures }
  | { readonly kind: 'close' };

export type FromGateway =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'taken'; readonly count: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn'; readonly fields: object; readonly message: string };
