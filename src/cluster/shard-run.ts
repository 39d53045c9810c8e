import { firstValueFrom, race, type SchedulerLike, Subscription } from 'rxjs';
import { asFault, type Fault } from '../domain/fault.ts';
import type { PipelineMetrics } from '../domain/metrics-snapshot.ts';
import type { StatusSnapshot } from '../domain/status-snapshot.ts';
import { aborted$ } from '../net/aborted.ts';
import type { Pipeline, StopOptions } from '../runtime/run.ts';
import type { Stopped } from '../runtime/sink-pipelines.ts';

/** How a shard's pipeline ended in this instance. */
export interface ShardEnd {
  /** Why it failed. Undefined: it was given up or stopped. */
  readonly fault: Fault | undefined;
  /** Undefined: it never ran. */
  readonly ran:
    | { readonly stopped: Stopped; readonly metrics: PipelineMetrics; readonly snapshot: StatusSnapshot }
    | undefined;
}

/**
 * A shard's pipeline. As a standby it waits, with the venues' data of the last minute, until it takes over. Once given up,
 * it runs until another instance took over, so that nothing is missed.
 */
export class ShardRun {
  readonly ended: Promise<ShardEnd>;
  /** When it began to serve the shard, the scheduler's milliseconds. */
  since: number;
  isStandby: boolean;
  readonly #scheduler: SchedulerLike;
  readonly #abort = new AbortController();
  readonly #takeover = Promise.withResolvers<void>();
  readonly #stop = Promise.withResolvers<{ readonly reason: string; readonly options: StopOptions }>();
  /** Undefined while it starts, and after its end. */
  pipeline: Pipeline | undefined;
  #givenUp: Subscription | undefined;
  /** True once it may have shut the previous owner out. */
  #isFencing = false;

  /** @param start starts the pipeline. `takeover`: resolves when it takes over; undefined: at once */
  constructor(
    start: (signal: AbortSignal, takeover: Promise<void> | undefined) => Promise<Pipeline>,
    scheduler: SchedulerLike,
    { isStandby = false } = {},
  ) {
    this.#scheduler = scheduler;
    this.since = scheduler.now();
    this.isStandby = isStandby;
    this.ended = this.#run(start);
  }

  /** False for a standby, for a shard that was given up, and after another instance has shut this one out. */
  get serves(): boolean {
    return !this.isStandby && !this.isGivenUp && this.pipeline?.failed.aborted !== true;
  }

  get isGivenUp(): boolean {
    return this.#givenUp !== undefined;
  }

  /** Serves the shard from now on. The previous owner is shut out. */
  takeOver(): void {
    if (!this.isStandby || this.#abort.signal.aborted) return;
    this.isStandby = false;
    this.since = this.#scheduler.now();
    this.#takeover.resolve();
  }

  /**
   * Leaves the shard to another instance. The pipeline ends when that instance takes over, or after `withinMs` if given. If it
   * has not begun to shut the previous owner out, it ends at once: that owner still publishes.
   */
  giveUp(withinMs?: number, options: StopOptions = {}): void {
    if (this.pipeline === undefined && !this.#isFencing) {
      this.stop('given up');
      return;
    }
    this.#givenUp ??=
      withinMs === undefined
        ? Subscription.EMPTY
        : this.#scheduler.schedule(() => this.stop('given up', options), withinMs);
  }

  /** Call this before each attempt to shut the previous owner out. Once given up, it makes no further attempt. */
  beginFence(): void {
    if (this.isGivenUp) this.stop('given up');
    else this.#isFencing = true;
  }

  keep(): void {
    this.#givenUp?.unsubscribe();
    this.#givenUp = undefined;
  }

  stop(reason: string, options: StopOptions = {}): void {
    this.#abort.abort(reason);
    this.#stop.resolve({ reason, options });
  }

  async #run(start: ConstructorParameters<typeof ShardRun>[0]): Promise<ShardEnd> {
    let pipeline: Pipeline;
    try {
      pipeline = await start(this.#abort.signal, this.isStandby ? this.#takeover.promise : undefined);
    } catch (error) {
      return { fault: this.#abort.signal.aborted ? undefined : asFault(error), ran: undefined };
    }
    this.pipeline = pipeline;
    const { failed } = pipeline;
    await firstValueFrom(race(aborted$(failed), this.#stop.promise));
    const metrics = pipeline.metrics();
    const dropped = pipeline.snapshot().sinks.reduce((sum, sink) => sum + sink.dropped, 0);
    this.keep();
    const { reason, options } = failed.aborted
      ? { reason: asFault(failed.reason).message, options: {} }
      : await this.#stop.promise;
    const stopped = await pipeline.stop(reason, options);
    const snapshot = pipeline.snapshot();
    this.pipeline = undefined;
    const fault = failed.aborted ? asFault(failed.reason) : undefined;
    // After a failure the next owner fetches the trades that are not in the topics, so they do not count as lost.
    const left = fault === undefined ? stopped : { undelivered: 0, spilled: 0, dropped };
    return { fault, ran: { stopped: left, metrics, snapshot } };
  }
}
