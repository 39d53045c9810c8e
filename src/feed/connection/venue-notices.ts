import { distinctUntilChanged, filter, type Observable } from 'rxjs';
import type { ConnectionClosing, VenueEvent } from '../../domain/venue-event.ts';
import { requireFresh } from '../../operators/require-fresh.ts';
import { keepConnecting, type Retrying } from './keep-connecting.ts';

/**
 * Without any message for this time, pongs included, the connection counts as failed. Venues are pinged at least every
 * 20 s. Milliseconds.
 */
const STALE_AFTER_MS = 60_000;

export interface VenueNoticesOptions extends Retrying {
  readonly connection$: Observable<VenueEvent>;
  /**
   * Called when the connection ends or an attempt to connect fails. This connection carries no market data, so its loss
   * is only counted.
   */
  readonly onLost: () => void;
}

/**
 * Emits the venue's notices that it will close connections. Emits each notice once, even if the venue repeats it.
 * Reconnects for ever.
 */
export function venueNotices({ connection$, ...options }: VenueNoticesOptions): Observable<ConnectionClosing> {
  const { scheduler } = options;
  const watched$ = connection$.pipe(requireFresh({ maxAgeMs: STALE_AFTER_MS, onStale: 'error', scheduler }));
  return keepConnecting(watched$, { ...options, isData: ({ kind }) => kind === 'subscribed' }).pipe(
    filter((event) => event.kind === 'closing'),
    distinctUntilChanged((a, b) => a.details?.notice === b.details?.notice),
  );
}
