import { map, merge, type Observable, type OperatorFunction, type SchedulerLike, takeUntil } from 'rxjs';
import type { FeedEvent, FeedOutput } from '../feed-event.ts';
import { publishEvery } from '../publish/publishing.ts';
import type { EpochLedger } from './epoch-ledger.ts';

const CHECK_MS = 1000;
const ALL_EVERY_CHECKS = 10;

export interface PositionsStageOptions {
  readonly ledger: EpochLedger;
  /** Nothing more is published but the last positions. */
  readonly stop$: Observable<unknown>;
  readonly scheduler: SchedulerLike;
}

/** Publishes how far each epoch was published: soon after its first trade, then every 10 s, and when the feed ends. */
export function publishPositions({
  ledger,
  stop$,
  scheduler,
}: PositionsStageOptions): OperatorFunction<FeedEvent, FeedOutput> {
  let checks = 0;
  const regular$ = publishEvery(CHECK_MS, scheduler, () =>
    ledger.checkpoint(++checks % ALL_EVERY_CHECKS === 0 ? 'all' : 'fresh'),
  );
  const last$ = stop$.pipe(map(() => ({ records: ledger.checkpoint('all'), barrier: false })));
  return () => merge(regular$.pipe(takeUntil(stop$)), last$);
}
