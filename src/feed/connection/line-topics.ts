import type { SchedulerLike, Subscription } from 'rxjs';

/** How many refused topics are asked for at once: each may cost a request of its own. */
const ASK_AGAIN = 10;
/** How soon the next ones are asked for after one was taken. */
const TAKEN_AGAIN_MS = 1000;

export interface LineTopicsOptions {
  /** How often topics that were refused are asked for again, milliseconds. */
  readonly askAgainMs: number;
  readonly scheduler: SchedulerLike;
  /** Asks the venue for topics that it refused before. */
  readonly ask: (topics: readonly string[]) => void;
}

/** The topics that a line is to carry. Those that the venue refuses are asked for again from time to time. */
export class LineTopics {
  /** Wanted, and not refused. */
  readonly wanted: Set<string>;
  /** Wanted, and refused. */
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

  /** Returns those that were there. */
  remove(topics: readonly string[]): readonly string[] {
    return topics.filter((topic) => this.wanted.delete(topic) || this.refused.delete(topic));
  }

  /** False if the topic was refused before, or is not wanted. */
  refuse(topic: string): boolean {
    const isNew = this.wanted.delete(topic);
    if (isNew) this.refused.add(topic);
    if (this.refused.size > 0) this.#asking ??= this.#askLater(this.#options.askAgainMs);
    return isNew;
  }

  /** Notes which topics the venue has taken. Returns those that it had refused. */
  take(topics: readonly string[]): readonly string[] {
    const again = topics.filter((topic) => this.refused.has(topic));
    if (again.length === 0) return again;
    this.add(again);
    // The venue takes what it refused: so it may take the others.
    this.#asking?.unsubscribe();
    this.#asking = this.refused.size === 0 ? undefined : this.#askLater(TAKEN_AGAIN_MS);
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
    // They go to the end: if there are many, all have their turn.
    for (const topic of topics) {
      this.refused.delete(topic);
      this.refused.add(topic);
    }
    this.#options.ask(topics);
    this.#asking = this.#askLater(this.#options.askAgainMs);
  }
}
