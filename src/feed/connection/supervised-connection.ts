import { defer, Observable } from 'rxjs';
import { Fault } from '../../domain/fault.ts';
import type { VenueEvent } from '../../domain/venue-event.ts';
import { explainStale } from '../liveness/explain-stale.ts';
import { keepConnecting, type Retrying } from './keep-connecting.ts';
import type { ConnectionEvent } from './line-event.ts';

export interface SupervisedConnectionOptions extends Retrying {
  readonly connection$: Observable<VenueEvent>;
  readonly staleAfterMs: number;
  /** True if other venues show that the market is idle. */
  readonly isIdle: () => boolean;
}

/** Opens a connection, watches its data and opens it again after each loss. It never completes. */
export function supervisedConnection(options: SupervisedConnectionOptions): Observable<ConnectionEvent> {
  const { connection$, staleAfterMs, isIdle, ...retrying } = options;
  const { scheduler } = retrying;
  const watched$ = connection$.pipe(
    explainStale({
      staleAfterMs,
      // Before the socket is open, only the connect timeout applies.
      isData: ({ kind }) => kind === 'value' || kind === 'connected',
      isAnswer: ({ kind }) => kind === 'answered',
      isIdle,
      isOpening: ({ kind }) => kind === 'connected',
      // If the market is not idle, the connection is faulty.
      faultOf: ({ cause, ageMs }) =>
        cause === 'quiet_market' ? undefined : new Fault(cause, `no data for ${Math.round(ageMs)} ms`),
      scheduler,
    }),
  );
  return new Observable<ConnectionEvent>((subscriber) => {
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
