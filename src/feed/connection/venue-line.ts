import { defer, Observable } from 'rxjs';
import { Fault } from '../../domain/fault.ts';
import type { VenueEvent } from '../../domain/venue-event.ts';
import { detectStale } from '../../operators/detect-stale.ts';
import { explainStale } from '../liveness/explain-stale.ts';
import { keepConnecting, type Retrying } from './keep-connecting.ts';
import type { LineSignal } from './line-event.ts';

export interface VenueLineOptions extends Retrying {
  /** One connection a subscription. */
  readonly connection$: Observable<VenueEvent>;
  readonly staleAfterMs: number;
  /** True when other venues show that nothing happens in the market. */
  readonly isQuiet: () => boolean;
}

/** Connects, watches and connects again, for ever: a fault that says never, or too many of the others, slow it down to probes. */
export function venueLine(options: VenueLineOptions): Observable<LineSignal> {
  const { connection$, staleAfterMs, isQuiet, ...retrying } = options;
  const { scheduler } = retrying;
  const watched$ = connection$.pipe(
    // The time before the socket is open is the connect timeout's to judge.
    detectStale({ staleAfterMs, isData: ({ kind }) => kind === 'value' || kind === 'connected', scheduler }),
    explainStale({
      staleAfterMs,
      isAnswer: ({ kind }) => kind === 'answered',
      isQuiet,
      isOpening: ({ kind }) => kind === 'connected',
      // A silence that is not the market's is the connection's.
      faultOf: ({ cause, ageMs }) =>
        cause === 'quiet_market' ? undefined : new Fault(cause, `no data for ${Math.round(ageMs)} ms`),
      scheduler,
    }),
  );
  return new Observable<LineSignal>((subscriber) => {
    const attempt$ = defer(() => {
      subscriber.next({ kind: 'connecting' });
      return watched$;
    });
    const line$ = keepConnecting(attempt$, {
      ...retrying,
      isData: ({ kind }) => kind === 'value',
      onLost: (loss) => subscriber.next({ kind: 'lost', ...loss }),
    });
    return line$.subscribe(subscriber);
  });
}
