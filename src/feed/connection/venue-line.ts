import { defer, Observable, type SchedulerLike } from 'rxjs';
import type { ReconnectConfig } from '../../config/config.ts';
import { Fault } from '../../domain/fault.ts';
import type { VenueEvent } from '../../domain/venue-event.ts';
import { detectStale } from '../../operators/detect-stale.ts';
import { explainStale } from '../liveness/explain-stale.ts';
import { keepConnecting } from './keep-connecting.ts';
import type { LineSignal } from './line-event.ts';

export interface VenueLineOptions {
  /** One connection a subscription. */
  readonly connection$: Observable<VenueEvent>;
  readonly reconnect: ReconnectConfig;
  readonly staleAfterMs: number;
  /** True when other venues show that nothing happens in the market. */
  readonly isQuiet: () => boolean;
  readonly scheduler: SchedulerLike;
  /** Uniform in [0, 1); `Math.random` by default. */
  readonly random?: () => number;
}

/** Connects, watches and connects again, for ever: a fault that says never, or too many of the others, slow it down to probes. */
export function venueLine(options: VenueLineOptions): Observable<LineSignal> {
  const { connection$, reconnect, scheduler, random, staleAfterMs, isQuiet } = options;
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
      reconnect,
      scheduler,
      random,
      isData: ({ kind }) => kind === 'value',
      onLost: (loss) => subscriber.next({ kind: 'lost', ...loss }),
    });
    return line$.subscribe(subscriber);
  });
}
