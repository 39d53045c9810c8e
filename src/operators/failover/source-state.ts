import { type FailoverTiming, type HealthEvent, nextHealth, type SourceHealth, UNTRIED } from './failover-decision.ts';
import { Ring } from './ring.ts';

/** One source of a failover: its health, its last data and its ring. */
export class SourceState<T> {
  readonly id: string;
  readonly ring: Ring<T>;
  health: SourceHealth = UNTRIED;
  /** When its last data was received, in the unit of `at`. */
  lastAt = Number.NEGATIVE_INFINITY;
  hasEnded = false;
  readonly #timing: FailoverTiming;

  constructor(id: string, timing: FailoverTiming, ringSpan: number) {
    this.id = id;
    this.ring = new Ring(ringSpan);
    this.#timing = timing;
  }

  get isHealthy(): boolean {
    return this.health.healthySince !== null;
  }

  /** True if the next data changes the health. */
  get awaitsData(): boolean {
    return !this.health.hasData || this.health.stale;
  }

  next(event: HealthEvent, now: number): void {
    this.health = nextHealth(this.health, event, now, this.#timing);
  }
}
