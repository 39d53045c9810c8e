import type { SourceState } from './source-state.ts';

/** Which source serves a key, and how far. */
export interface Route<T> {
  readonly source: SourceState<T>;
  /** 0: the first value of the epoch has not come yet. */
  epoch: number;
  /** When the key's last value was received, of whichever source; -Infinity: it had none. */
  lastAt: number;
  /** Up to when the key was served before this epoch; -Infinity: it was not. */
  readonly servedTo: number;
}

/** The route of each key, and which sources lack which key. */
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

  /** A value of the key was emitted, of whichever source. */
  wasServed(key: string): boolean {
    return (this.#routes.get(key)?.lastAt ?? Number.NEGATIVE_INFINITY) > Number.NEGATIVE_INFINITY;
  }

  noteServes(source: SourceState<T>, key: string, serves: boolean): void {
    const lacking = this.#lacking.get(key) ?? new Set<SourceState<T>>();
    if (serves) lacking.delete(source);
    else lacking.add(source);
    if (lacking.size === 0) this.#lacking.delete(key);
    else this.#lacking.set(key, lacking);
  }

  /**
   * The source that should serve a key: the active one if it has the key; else the present one while it is healthy;
   * else the first healthy one that has it. Without any of these, the present one.
   */
  choose(key: string, active: SourceState<T>, present: SourceState<T>): SourceState<T> {
    const lacking = this.#lacking.get(key);
    if (lacking === undefined || !lacking.has(active)) return active;
    const isUsable = (source: SourceState<T>): boolean => !lacking.has(source) && source.isHealthy;
    if (present !== active && isUsable(present)) return present;
    return this.#sources.find(isUsable) ?? present;
  }

  /** The first route of a key. */
  begin(key: string, source: SourceState<T>): Route<T> {
    const route = {
      source,
      epoch: 0,
      lastAt: Number.NEGATIVE_INFINITY,
      servedTo: Number.NEGATIVE_INFINITY,
    };
    this.#routes.set(key, route);
    return route;
  }

  /**
   * Gives a key to another source. `until` is when the present source's service of it ends. Returns the time after
   * which the new source's values count: without a value in the epoch that ends, the time when that epoch began.
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
