import {
  catchError,
  concat,
  defer,
  Observable,
  type OperatorFunction,
  of,
  type SchedulerLike,
  switchMap,
  timer,
} from 'rxjs';
import { asFault, Fault } from '../domain/fault.ts';
import type { LineEvent } from '../domain/line.ts';
import type { StaleCause } from '../domain/status.ts';
import { detectStale, type Freshness } from '../operators/detect-stale.ts';
import { retryBackoff } from '../operators/retry-backoff.ts';
import { answerWindowMs, staleCause } from './activity.ts';
import type { ReconnectConfig } from './config.ts';

/** One line of a venue through all its connections: what each tells, and what happens between them. */
export type LineSignal =
  | LineEvent
  | { readonly kind: 'connecting' }
  /** The connection ended or could not be made; the next attempt follows after `retryInMs`. */
  | {
      readonly kind: 'lost';
      readonly fault: Fault;
      readonly retryInMs: number;
      readonly attempt: number;
      readonly probing: boolean;
    }
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
}

/** Connects, watches and connects again, for ever: a fault that says never, or too many of the others, slow it down to probes. */
export function venueLine(options: VenueLineOptions): Observable<LineSignal> {
  const { reconnect, scheduler, staleAfterMs } = options;
  return new Observable<LineSignal>((subscriber) => {
    const attempt$ = defer(() => concat(of<LineSignal>({ kind: 'connecting' }), watched(options)));
    const line$: Observable<LineSignal> = attempt$.pipe(
      retryBackoff({
        initialDelayMs: reconnect.initialDelayMs,
        maxDelayMs: reconnect.maxDelayMs,
        maxAttempts: reconnect.maxAttempts,
        probeEveryMs: reconnect.probeEveryMs,
        isData: (signal) => signal.kind === 'data',
        scheduler,
        onRetry: ({ fault, delayMs, attempt, probing }) =>
          subscriber.next({ kind: 'lost', fault, retryInMs: delayMs, attempt, probing }),
      }),
      catchError((error: unknown) => {
        subscriber.next({
          kind: 'lost',
          fault: asFault(error),
          retryInMs: reconnect.probeEveryMs,
          attempt: 1,
          probing: true,
        });
        return timer(reconnect.probeEveryMs, scheduler).pipe(switchMap(() => line$));
      }),
    );
    return line$.subscribe(subscriber);
  });

  function watched({ connection$ }: VenueLineOptions): Observable<LineSignal> {
    return connection$.pipe(
      // The time before the socket is open is the connect timeout's to judge.
      detectStale({ staleAfterMs, isData: (event) => event.kind === 'data' || event.kind === 'opened', scheduler }),
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
              if (event.kind === 'data' || event.kind === 'opened') silentSince = scheduler.now();
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
