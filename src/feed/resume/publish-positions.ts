import { map, merge, takeUntil } from 'rxjs';
import type { FeedStage } from '../feed-event.ts';
import type { StageOptions } from '../feed-options.ts';
import { publishEvery } from '../publish/publishing.ts';

const CHECK_MS = 1000;
const ALL_EVERY_CHECKS = 10;

/** Publishes each epoch's position: soon after its first trade, then every 10 s, and when the feed ends. */
export function publishPositions({
  ledger,
  stop$,
  scheduler,
}: Pick<StageOptions, 'ledger' | 'stop$' | 'scheduler'>): FeedStage {
  let checks = 0;
  const regular$ = publishEvery(CHECK_MS, scheduler, () =>
    ledger.checkpoint(++checks % ALL_EVERY_CHECKS === 0 ? 'all' : 'fresh'),
  );
  const last$ = stop$.pipe(map(() => ({ records: ledger.checkpoint('all'), barrier: false })));
  return () => merge(regular$.pipe(takeUntil(stop$)), last$);
}
