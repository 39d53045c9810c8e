import { concat, defer, Observable, type OperatorFunction, of, type SchedulerLike } from 'rxjs';
import type { ReconnectConfig } from '../../config/config.ts';
import { Fault } from '../../domain/fault.ts';
import type { LineEvent } from '../../domain/line.ts';
import type { StaleCause } from '../../domain/status.ts';
import { detectStale } from '../../operators/detect-stale.ts';
import { type Explained, explainStale } from '../liveness/explain-stale.ts';
import { keepConnecting, type Loss } from './keep-connecting.ts';

/** One line of a venue through all its connections: what each tells, and what happens between them. */
export type LineSignal =
  | LineEvent
  | { readonly kind: 'connecting' }
  /**
   * The connection ended or could not be made; the next attempt follows after `retryInMs`, or `successor` says that
   * another connection has taken its place.
   */
  | (Loss & { readonly kind: 'lost'; readonly successor?: true })
  | { readonly kind: 'stale'; readonly cause: StaleCause; readonly ageMs: number }
  | { readonly kind: 'recovered'; readonly staleForMs: number };

export interface VenueLineOptions {
  /** One connection a subscription. */
  readonly connection$: Observable<LineEvent>;
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
  const { reconnect, scheduler, random, staleAfterMs } = options;
  return new Observable<LineSignal>((subscriber) => {
    const attempt$ = defer(() => concat(of<LineSignal>({ kind: 'connecting' }), watched(options)));
    const line$ = keepConnecting(attempt$, {
      reconnect,
      scheduler,
      random,
      isData: (signal) => signal.kind === 'value',
      onLost: (loss) => subscriber.next({ kind: 'lost', ...loss }),
    });
    return line$.subscribe(subscriber);
  });

  function watched({ connection$ }: VenueLineOptions): Observable<LineSignal> {
    return connection$.pipe(
      // The time before the socket is open is the connect timeout's to judge.
      detectStale({ staleAfterMs, isData: (event) => event.kind === 'value' || event.kind === 'opened', scheduler }),
      explainStale({
        staleAfterMs,
        isAnswer: ({ kind }) => kind === 'answered',
        isQuiet: options.isQuiet,
        isOpening: ({ kind }) => kind === 'opened',
        scheduler,
      }),
      endStale(),
    );
  }
}

/** Hands on what the line tells; a silence that is not the market's ends the connection. */
function endStale(): OperatorFunction<Explained<LineEvent>, LineSignal> {
  return (source) =>
    new Observable((subscriber) =>
      source.subscribe({
        next(item) {
          subscriber.next(item.kind === 'value' ? item.value : item);
          if (item.kind === 'stale' && item.cause !== 'quiet_market')
            subscriber.error(new Fault(item.cause, `no data for ${Math.round(item.ageMs)} ms`));
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
}
