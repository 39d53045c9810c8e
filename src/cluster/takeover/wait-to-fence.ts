import { filter, firstValueFrom, NEVER, race, type SchedulerLike, timer } from 'rxjs';
import type { VenueFeed } from '../../feed/venue-feed.ts';
import { aborted$ } from '../../net/aborted.ts';

/** How long the lines of the venues must have their subscriptions: then the previous owner has published what came before. */
const OVERLAP_MS = 1000;
/** A new owner that has waited this long needs the lines of one venue only, milliseconds. */
const ALL_WITHIN_MS = 10_000;
const CHECK_EVERY_MS = 50;

export interface WaitToFenceOptions {
  readonly venues: readonly { readonly lines: Pick<VenueFeed['lines'], 'subscribedSince'> }[];
  /** True if the previous owner publishes nothing, or if that is not known. */
  readonly isOwnerSilent: () => boolean;
  readonly scheduler: SchedulerLike;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when a new owner of a shard may fence the previous one, or when the signal aborts. If the previous owner is silent,
 * this is at once. If it publishes, the new owner waits for the venues' data, so that each trade comes to one of the two.
 */
export async function waitToFence({ venues, isOwnerSilent, scheduler, signal }: WaitToFenceOptions): Promise<void> {
  const begun = scheduler.now();
  const isDue = (): boolean => {
    const now = scheduler.now();
    if (isOwnerSilent()) return true;
    const ready = venues.filter(
      ({ lines: { subscribedSince: since } }) => since !== undefined && now - since >= OVERLAP_MS,
    );
    return ready.length === venues.length || (now - begun >= ALL_WITHIN_MS && ready.length > 0);
  };
  if (isDue()) return;
  const due$ = timer(CHECK_EVERY_MS, CHECK_EVERY_MS, scheduler).pipe(filter(isDue));
  await firstValueFrom(race(due$, signal === undefined ? NEVER : aborted$(signal)));
}
