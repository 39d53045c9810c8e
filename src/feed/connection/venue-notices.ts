import { distinctUntilChanged, filter, type Observable, type SchedulerLike } from 'rxjs';
import type { ReconnectConfig } from '../../config/config.ts';
import type { ConnectionClosing, VenueEvent } from '../../domain/venue-event.ts';
import { requireFresh } from '../../operators/require-fresh.ts';
import { keepConnecting } from './keep-connecting.ts';

/** Nothing at all for this long, pongs included: the connection is dead. Venues are pinged at least every 20 s. */
const SILENT_MS = 60_000;

export interface VenueNoticesOptions {
  /** One connection a subscription. */
  readonly connection$: Observable<VenueEvent>;
  readonly reconnect: ReconnectConfig;
  readonly scheduler: SchedulerLike;
  /** Uniform in [0, 1); `Math.random` by default. */
  readonly random?: (() => number) | undefined;
  /** Each end of a connection and each failed attempt: no fault of the feed. */
  readonly onLost: () => void;
}

/** What a venue announces, each state of affairs once, however often it is sent. Connects again for ever. */
export function venueNotices({
  connection$,
  reconnect,
  scheduler,
  random,
  onLost,
}: VenueNoticesOptions): Observable<ConnectionClosing> {
  const watched$ = connection$.pipe(requireFresh({ maxAgeMs: SILENT_MS, onStale: 'error', scheduler }));
  const isData = ({ kind }: VenueEvent): boolean => kind === 'subscribed';
  return keepConnecting(watched$, { reconnect, scheduler, random, isData, onLost }).pipe(
    filter((event) => event.kind === 'closing'),
    distinctUntilChanged((a, b) => a.details?.notice === b.details?.notice),
  );
}
