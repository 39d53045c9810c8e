import type { Observable } from 'rxjs';
import type { FeedFigures } from '../domain/feed-figures.ts';
import type { FeedSnapshot } from '../domain/feed-snapshot.ts';
import type { FeedRecord } from '../domain/record.ts';

/** What a gateway serves from: the feed of its own process, or the topics of one that runs elsewhere. Both are hot. */
export interface GatewaySource {
  /** Records as they are published, in order. */
  readonly records$: Observable<readonly FeedRecord[]>;
  /** The pipeline's own view of itself, every second; never emits where it runs elsewhere. */
  readonly snapshots$: Observable<FeedSnapshot>;
  /** What it counts, as often. */
  readonly figures$: Observable<FeedFigures>;
  /** Why what was given so far is not yet the present; undefined: it is. */
  readonly behind: string | undefined;
}
