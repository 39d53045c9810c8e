import type { StaleCause } from '../domain/status.ts';

interface Entry {
  readonly market: string;
  connected: boolean;
  lastDataAt: number;
  /** Of data that was not a repeat. */
  lastEventAt: number;
  /** When the first event came after a quiet time. */
  wokeAt: number;
  readonly trades: Map<string, number>;
}

/**
 * When each venue last had data, and when each coin last traded there: what tells a mute subscription from a quiet
 * market. Times are the scheduler's milliseconds. Only venues of the same market are compared: a testnet's trades say
 * nothing about the real market.
 */
export class Activity {
  readonly #quietMs: number;
  readonly #venues = new Map<string, Entry>();

  /** @param quietMs how long nothing must happen at a venue before its market counts as quiet. */
  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  register(venue: string, market: string): void {
    const never = Number.NEGATIVE_INFINITY;
    this.#venues.set(venue, {
      market,
      connected: false,
      lastDataAt: never,
      lastEventAt: never,
      wokeAt: never,
      trades: new Map(),
    });
  }

  connected(venue: string, connected: boolean): void {
    const entry = this.#venues.get(venue);
    if (entry !== undefined) entry.connected = connected;
  }

  /** A data frame came; `eventful` unless it only repeats what was told, as venues do where nothing happens. */
  data(venue: string, now: number, eventful: boolean): void {
    const entry = this.#venues.get(venue);
    if (entry === undefined) return;
    entry.lastDataAt = now;
    if (!eventful) return;
    if (now - entry.lastEventAt >= this.#quietMs) entry.wokeAt = now;
    entry.lastEventAt = now;
  }

  traded(venue: string, coin: string, now: number): void {
    this.#venues.get(venue)?.trades.set(coin, now);
  }

  /**
   * True when other venues of the same market are connected and nothing has happened at any of them lately, or only just
   * began to again: venues do not wake up at the same moment.
   */
  venueIsQuiet(venue: string, now: number): boolean {
    const others = this.#others(venue);
    const isQuiet = ({ lastEventAt, wokeAt }: Entry) =>
      now - lastEventAt >= this.#quietMs || now - wokeAt < this.#quietMs;
    return others.length > 0 && others.every(isQuiet);
  }

  /** True when other venues of the same market are delivering and the coin has not traded at any of them for `quietMs`. */
  coinIsQuiet(venue: string, coin: string, now: number, quietMs: number): boolean {
    const others = this.#others(venue).filter((other) => now - other.lastDataAt < quietMs && other.trades.has(coin));
    return others.length > 0 && others.every((other) => now - (other.trades.get(coin) as number) >= quietMs);
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

/**
 * Why data does not come: the socket does not answer either; or it answers and other venues show that nothing happens;
 * or it answers and should have had data. Times are the scheduler's milliseconds.
 *
 * @param silence.answerSince the socket was asked after this whether it lives
 * @param silence.lastAnswerAt when it last answered anything
 */
export function staleCause(silence: {
  readonly answerSince: number;
  readonly lastAnswerAt: number;
  readonly quiet: boolean;
}): StaleCause {
  if (silence.lastAnswerAt < silence.answerSince) return 'socket_dead';
  return silence.quiet ? 'quiet_market' : 'subscription_mute';
}

/** In a silence the socket is probed every half of `staleAfterMs`, a little late at times: an answer must have come within this. */
export function answerWindowMs(staleAfterMs: number): number {
  return staleAfterMs * 0.6;
}
