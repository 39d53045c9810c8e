import type { SchedulerLike, Subscription } from 'rxjs';

/** Maximum refused topics that are subscribed again at a time, because each may cost a request of its own. */
const ASK_AGAIN = 10;
/** The pause before the other refused topics are subscribed again, if the venue accepted one, milliseconds. */
const ACCEPTED_AGAIN_MS = 1000;

export interface LineTopicsOptions {
  /** How often to subscribe refused topics again, milliseconds. */
  readonly askAgainMs: number;
  readonly scheduler: SchedulerLike;
  readonly ask: (topics: readonly string[]) => void;
}

/** The topics of a line. Topics that the venue refuses are subscribed again from time to time. */
export class LineTopics {
  readonly wanted: Set<string>;
  readonly refused = new Set<string>();
  readonly #options: LineTopicsOptions;
  #asking: Subscription | undefined;

  constructor(topics: readonly string[], options: LineTopicsOptions) {
    this.wanted = new Set(topics);
    this.#options = options;
  }

  get size(): number {
    return this.wanted.size + this.refused.size;
  }

  add(topics: readonly string[]): void {
    for (const topic of topics) {
      this.refused.delete(topic);
      this.wanted.add(topic);
    }
  }

  remove(topics: readonly string[]): readonly string[] {
    return topics.filter((topic) => this.wanted.delete(topic) || this.refused.delete(topic));
  }

  /** Notes a refused topic. Returns false if it was refused before, or is not wanted. */
  refuse(topic: string): boolean {
    const isNew = this.wanted.delete(topic);
    if (isNew) this.refused.add(topic);
    if (this.refused.size > 0) this.#asking ??= this.#askLater(this.#options.askAgainMs);
    return isNew;
  }

  /** Notes acknowledged topics. Returns those that were refused before. */
  acknowledge(topics: readonly string[]): readonly string[] {
    const again = topics.filter((topic) => this.refused.has(topic));
    if (again.length === 0) return again;
    this.add(again);
    // The venue accepts a refused topic, so it may accept the others too.
    this.#asking?.unsubscribe();
    this.#asking = this.refused.size === 0 ? undefined : this.#askLater(ACCEPTED_AGAIN_MS);
    return again;
  }

  close(): void {
    this.#asking?.unsubscribe();
  }

  #askLater(delayMs: number): Subscription {
    return this.#options.scheduler.schedule(() => this.#askAgain(), delayMs);
  }

  #askAgain(): void {
    this.#asking = undefined;
    const topics = [...this.refused].slice(0, ASK_AGAIN);
    if (topics.length === 0) return;
    // The topics go to the end of the set, so that all have their turn.
    for (const topic of topics) {
      this.refused.delete(topic);
      this.refused.add(topic);
    }
    this.#options.ask(topics);
    this.#asking = this.#askLater(this.#options.askAgainMs);
  }
}
