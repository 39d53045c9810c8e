import type { SourceState } from './source-state.ts';

/* Decides which source serves each key. */

/** The source that serves one key, with the key's epoch and the time of its last value. */
export interface Route<T> {
  readonly source: SourceState<T>;
  /** Number of the key's epoch; 0 before its first value. */
  epoch: number;
  /** When the key's last emitted value was received, in the unit of `at`; -Infinity before the first. */
  lastAt: number;
  /** Until when the key was served before this epoch, in the unit of `at`; -Infinity if it was not. */
  readonly servedTo: number;
}

/** Remembers which source serves each key, and which sources lack it. */
export class KeyRoutes<T> {
  readonly #sources: readonly SourceState<T>[];
  readonly #routes = new Map<string, Route<T>>();
  readonly #lacking = new Map<string, Set<SourceState<T>>>();

  constructor(sources: readonly SourceState<T>[]) {
    this.#sources = sources;
  }

  /** Keys that at least one source lacks. */
  get lackedKeys(): readonly string[] {
    return [...this.#lacking.keys()];
  }

  get entries(): Iterable<[string, Route<T>]> {
    return this.#routes;
  }

  get(key: string): Route<T> | undefined {
    return this.#routes.get(key);
  }

  /** Returns true if a value of the key was emitted, whatever its source. */
  wasServed(key: string): boolean {
    return (this.#routes.get(key)?.lastAt ?? Number.NEGATIVE_INFINITY) > Number.NEGATIVE_INFINITY;
  }

  setServes(source: SourceState<T>, key: string, serves: boolean): void {
    const lacking = this.#lacking.get(key) ?? new Set<SourceState<T>>();
    if (serves) lacking.delete(source);
    else lacking.add(source);
    if (lacking.size === 0) this.#lacking.delete(key);
    else this.#lacking.set(key, lacking);
  }

  /**
   * Returns the source that should serve a key: the active source if it has the key; else the current source if it is
   * healthy and has the key; else the first source that is healthy and has the key. If there is none, the current
   * source stays.
   */
  choose(key: string, active: SourceState<T>, current: SourceState<T>): SourceState<T> {
    const lacking = this.#lacking.get(key);
    if (lacking === undefined || !lacking.has(active)) return active;
    const isUsable = (source: SourceState<T>): boolean => !lacking.has(source) && source.isHealthy;
    if (current !== active && isUsable(current)) return current;
    return this.#sources.find(isUsable) ?? current;
  }

  /** Adds the first route of a key. */
  add(key: string, source: SourceState<T>): Route<T> {
    const route = { source, epoch: 0, lastAt: Number.NEGATIVE_INFINITY, servedTo: Number.NEGATIVE_INFINITY };
    this.#routes.set(key, route);
    return route;
  }

  /**
   * Moves a key to another source. `until`: time of receipt up to which the current source counts as having served.
   * Returns the time after which values of the new source count. This is `until`, or the end of the previous epoch if
   * the current epoch has no value.
   */
  move(key: string, to: SourceState<T>, until: number): number {
    const route = this.#routes.get(key);
    const lastAt = route?.lastAt ?? Number.NEGATIVE_INFINITY;
    const before = route?.epoch === 0 ? route.servedTo : Number.NEGATIVE_INFINITY;
    const servedTo = before === Number.NEGATIVE_INFINITY ? until : before;
    const wasServed = lastAt !== Number.NEGATIVE_INFINITY;
    this.#routes.set(key, { source: to, epoch: 0, lastAt, servedTo: wasServed ? servedTo : lastAt });
    return servedTo;
  }
}
