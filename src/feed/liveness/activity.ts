import { getOrCreate } from '../../domain/get-or-create.ts';

// Remembers when venues last had data, to distinguish stale subscriptions from idle markets.

/** A judgement of a venue that is older than this does not count any more, milliseconds. There is one each second. */
const JUDGED_MS = 2500;
/**
 * A venue counts as on time after its data was on time for this long. After a common outage, venues recover in
 * different seconds. Milliseconds.
 */
const IN_TIME_MS = 2000;

/** When something last happened, and when it happened first after an idle time. The scheduler's milliseconds. */
export interface Pulse {
  lastAt: number;
  wokeAt: number;
}

interface Entry {
  readonly market: string;
  connected: boolean;
  lastDataAt: number;
  /** When data came that was not a repeat. */
  readonly events: Pulse;
  readonly trades: Map<string, Pulse>;
  /**
   * Since when all judgements found the venue's data on time, and when the last one did. Undefined if the last did not.
   */
  inTime: { readonly since: number; readonly at: number } | undefined;
}

/**
 * Knows when venues last had data and coins last traded, to distinguish stale subscriptions from idle markets. Times
 * are the scheduler's milliseconds. Only venues of one market are compared.
 */
export class Activity {
  readonly #idleAfterMs: number;
  readonly #coinIdleAfterMs: number;
  readonly #venues = new Map<string, Entry>();

  /** @param idleAfterMs a venue without events for this long is idle; `coinIdleAfterMs`: a coin without trades */
  constructor({ idleAfterMs, coinIdleAfterMs }: { readonly idleAfterMs: number; readonly coinIdleAfterMs: number }) {
    this.#idleAfterMs = idleAfterMs;
    this.#coinIdleAfterMs = coinIdleAfterMs;
  }

  register(venue: string, market: string): void {
    const lastDataAt = Number.NEGATIVE_INFINITY;
    this.#venues.set(venue, {
      market,
      connected: false,
      lastDataAt,
      events: newPulse(),
      trades: new Map(),
      inTime: undefined,
    });
  }

  connected(venue: string, connected: boolean): void {
    const entry = this.#venues.get(venue);
    if (entry !== undefined) entry.connected = connected;
  }

  /** Notes whether a venue's data is late; undefined if this is not known. Call it every second. */
  judgedLate(venue: string, isLate: boolean | undefined, now: number): void {
    const entry = this.#venues.get(venue);
    if (entry === undefined) return;
    entry.inTime = isLate === false ? { since: entry.inTime?.since ?? now, at: now } : undefined;
  }

  /** True if the data of another connected venue of the market has been on time for two seconds. */
  isInTimeElsewhere(venue: string, now: number): boolean {
    return this.#others(venue).some(
      ({ inTime }) => inTime !== undefined && now - inTime.at < JUDGED_MS && now - inTime.since >= IN_TIME_MS,
    );
  }

  /**
   * Returns the pulse of a coin's trades at a venue. Created on first use and never replaced, so callers may keep it.
   */
  tradesOf(venue: string, coin: string): Pulse {
    const trades = this.#venues.get(venue)?.trades;
    return trades === undefined ? newPulse() : getOrCreate(trades, coin, newPulse);
  }

  /** Notes a data frame. `eventful`: false if it only repeats known values, as venues do in an idle market. */
  data(venue: string, now: number, eventful: boolean): void {
    const entry = this.#venues.get(venue);
    if (entry === undefined) return;
    entry.lastDataAt = now;
    if (eventful) notePulse(entry.events, now, this.#idleAfterMs);
  }

  traded(trades: Pulse, now: number): void {
    notePulse(trades, now, this.#coinIdleAfterMs);
  }

  /** Returns when another connected venue of the market last traded the coin; undefined if none has. */
  tradedElsewhereAt(venue: string, coin: string): number | undefined {
    const market = this.#venues.get(venue)?.market;
    let latest: number | undefined;
    for (const [id, entry] of this.#venues) {
      const at = entry.trades.get(coin)?.lastAt;
      if (id === venue || at === undefined || !entry.connected || entry.market !== market) continue;
      if (at > (latest ?? Number.NEGATIVE_INFINITY)) latest = at;
    }
    return latest;
  }

  /**
   * Returns true if all other venues of the market are idle, or have just become active: venues do not become active at
   * the same moment.
   */
  venueIsIdle(venue: string, now: number): boolean {
    const others = this.#others(venue);
    return others.length > 0 && others.every(({ events }) => this.#isIdle(events, now, this.#idleAfterMs));
  }

  /**
   * Returns true if the coin is idle at all other venues of the market that have traded it, or has just become active
   * there.
   */
  coinIsIdle(venue: string, coin: string, now: number): boolean {
    const others = this.#others(venue)
      .flatMap(({ trades }) => trades.get(coin) ?? [])
      .filter(({ lastAt }) => lastAt !== Number.NEGATIVE_INFINITY);
    return others.length > 0 && others.every((pulse) => this.#isIdle(pulse, now, this.#coinIdleAfterMs));
  }

  #isIdle({ lastAt, wokeAt }: Pulse, now: number, idleAfterMs: number): boolean {
    return now - lastAt >= idleAfterMs || now - wokeAt < this.#idleAfterMs;
  }

  #others(venue: string) {
    const own = this.#venues.get(venue);
    return [...this.#venues]
      .filter(
        ([id, entry]) =>
          id !== venue &&
          entry.connected &&
          entry.market === own?.market &&
          entry.lastDataAt !== Number.NEGATIVE_INFINITY,
      )
      .map(([, entry]) => entry);
  }
}

function newPulse(): Pulse {
  return { lastAt: Number.NEGATIVE_INFINITY, wokeAt: Number.NEGATIVE_INFINITY };
}

function notePulse(pulse: Pulse, now: number, idleAfterMs: number): void {
  if (now - pulse.lastAt >= idleAfterMs) pulse.wokeAt = now;
  pulse.lastAt = now;
}
