import { type SchedulerLike, Subscription } from 'rxjs';
import type { StaleCause } from '../../domain/status.ts';
import { answerWindowMs, staleCause } from './activity.ts';

export interface VenueSilenceOptions {
  readonly staleAfterMs: number;
  readonly scheduler: SchedulerLike;
  /** True when other venues show that nothing happens in the market. */
  readonly isQuiet: (now: number) => boolean;
  /** Told with each cause once; a quiet market that turns out to be none is told again. */
  readonly onStale: (cause: StaleCause, ageMs: number) => void;
}

/** What is known of a venue's silence over all its lines. A quiet market is looked at again while the silence lasts. */
export class VenueSilence {
  /** The scheduler's milliseconds; before the first data, when the venue was subscribed. */
  lastDataAt: number;
  hasData = false;
  readonly #options: VenueSilenceOptions;
  #lastAnswerAt = Number.NEGATIVE_INFINITY;
  #told: StaleCause | undefined;
  #again = Subscription.EMPTY;

  constructor(options: VenueSilenceOptions) {
    this.#options = options;
    this.lastDataAt = options.scheduler.now();
  }

  data(now: number): void {
    this.lastDataAt = now;
    this.hasData = true;
    this.#lastAnswerAt = now;
  }

  answered(): void {
    this.#lastAnswerAt = this.#options.scheduler.now();
  }

  stale(): void {
    const { staleAfterMs, scheduler, isQuiet, onStale } = this.#options;
    const now = scheduler.now();
    const cause = staleCause({
      answerSince: now - answerWindowMs(staleAfterMs),
      lastAnswerAt: this.#lastAnswerAt,
      quiet: isQuiet(now),
    });
    if (cause !== this.#told) onStale(cause, now - this.lastDataAt);
    this.#told = cause;
    if (cause === 'quiet_market') this.#again = scheduler.schedule(() => this.stale(), staleAfterMs / 5);
  }

  /** Data came again; returns what the silence was taken for. */
  recovered(): StaleCause | undefined {
    const told = this.#told;
    this.close();
    return told;
  }

  close(): void {
    this.#again.unsubscribe();
    this.#told = undefined;
  }
}
