import { Observable, type OperatorFunction, type SchedulerLike, Subscription } from 'rxjs';
import { listen } from '../../operators/listen.ts';
import type { FeedOutput } from '../feed-event.ts';
import { publishEvery } from '../publish/publishing.ts';
import type { EpochLedger } from './epoch-ledger.ts';

const CHECK_MS = 1000;
const ALL_EVERY_CHECKS = 10;

export interface PositionsStageOptions {
  readonly ledger: EpochLedger;
  /** Ends the feed. */
  readonly stop$: Observable<unknown>;
  readonly scheduler: SchedulerLike;
}

/** Publishes how far each epoch was published: soon after its first trade, then every 10 s, and when the feed ends. */
export function publishPositions({
  ledger,
  stop$,
  scheduler,
}: PositionsStageOptions): OperatorFunction<FeedOutput, FeedOutput> {
  let checks = 0;
  const positions$ = publishEvery(CHECK_MS, scheduler, () =>
    ledger.checkpoint(++checks % ALL_EVERY_CHECKS === 0 ? 'all' : 'fresh'),
  );
  return (output$) =>
    new Observable((out) => {
      const published = new Subscription();
      listen(stop$, out, {
        next: () => {
          published.unsubscribe();
          out.next({ records: ledger.checkpoint('all'), barrier: false });
          out.complete();
        },
        complete: () => {},
      });
      for (const each$ of [output$, positions$])
        published.add(listen(each$, out, { next: (output) => out.next(output), complete: () => {} }));
    });
}
