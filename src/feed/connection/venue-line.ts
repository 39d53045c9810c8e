import { concat, defer, Observable, type OperatorFunction, of, type SchedulerLike } from 'rxjs';
import type { ReconnectConfig } from '../../config/config.ts';
import { Fault } from '../../domain/fault.ts';
import type { LineEvent } from '../../domain/line.ts';
import type { StaleCause } from '../../domain/status.ts';
import { detectStale, type Freshness } from '../../operators/detect-stale.ts';
import { answerWindowMs, staleCause } from '../liveness/activity.ts';
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
      judgeSilence(options),
    );
  }
}

/** Names the cause of each silence; ends the connection unless the market is quiet, which is looked at again while the silence lasts. */
function judgeSilence({
  staleAfterMs,
  isQuiet,
  scheduler,
}: VenueLineOptions): OperatorFunction<Freshness<LineEvent>, LineSignal> {
  return (source) =>
    new Observable((subscriber) => {
      let opened = false;
      let silentSince = scheduler.now();
      let lastAnswerAt = Number.NEGATIVE_INFINITY;
      let told: StaleCause | undefined;

      const judge = (): void => {
        const now = scheduler.now();
        const cause = staleCause({ answerSince: now - answerWindowMs(staleAfterMs), lastAnswerAt, quiet: isQuiet() });
        if (cause !== told) subscriber.next({ kind: 'stale', cause, ageMs: now - silentSince });
        told = cause;
        if (cause === 'quiet_market') again = scheduler.schedule(judge, staleAfterMs / 5);
        else subscriber.error(new Fault(cause, `no data for ${Math.round(now - silentSince)} ms`));
      };
      let again = scheduler.schedule(() => undefined);
      subscriber.add(() => again.unsubscribe());

      return source.subscribe({
        next: (item) => {
          switch (item.kind) {
            case 'value': {
              const event = item.value;
              if (event.kind === 'value' || event.kind === 'opened') silentSince = scheduler.now();
              if (event.kind === 'answered') lastAnswerAt = scheduler.now();
              if (event.kind === 'opened') opened = true;
              subscriber.next(event);
              return;
            }
            case 'stale':
              if (opened) judge();
              return;
            case 'recovered':
              again.unsubscribe();
              if (told !== undefined) subscriber.next({ kind: 'recovered', staleForMs: item.staleForMs });
              told = undefined;
          }
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
