import type { Observable, SchedulerLike } from 'rxjs';
import type { ReconnectConfig } from '../../config/config.ts';
import { asFault, type Fault } from '../../domain/fault.ts';
import { retryBackoff } from '../../operators/retry-backoff.ts';

export interface ConnectionLoss {
  readonly fault: Fault;
  readonly retryInMs: number;
  readonly attempt: number;
  readonly probing: boolean;
}

/** When a lost connection is tried again. */
export interface Retrying {
  readonly reconnect: ReconnectConfig;
  readonly scheduler: SchedulerLike;
  /** Uniform in [0, 1); `Math.random` by default. */
  readonly random?: (() => number) | undefined;
}

interface KeepConnectingOptions<T> extends Retrying {
  /** True for data, which proves that the connection works: attempts are counted from zero again. */
  readonly isData: (value: T) => boolean;
  readonly onLost: (loss: ConnectionLoss) => void;
}

/**
 * At most one attempt a minute is immediate, and only after 10 s of data. Binance bans an address at 300 attempts in
 * five minutes.
 */
const IMMEDIATE = { afterMs: 10_000, jitterMs: 50, everyMs: 60_000 };

/**
 * Opens a connection again after each loss. After a fault that forbids a retry, or after too many attempts, it tries
 * only every `probeEveryMs`.
 */
export function keepConnecting<T>(connection$: Observable<T>, options: KeepConnectingOptions<T>): Observable<T> {
  const { reconnect, scheduler, random = Math.random, isData, onLost } = options;
  return connection$.pipe(
    retryBackoff({
      ...reconnect,
      onNever: 'probe',
      immediate: IMMEDIATE,
      isData,
      random,
      scheduler,
      onRetry: ({ error, delayMs, attempt, probing }) =>
        onLost({ fault: asFault(error), retryInMs: delayMs, attempt, probing }),
    }),
  );
}
