import type { Instrument } from '../domain/instrument.ts';
import type { StatusNote } from './status-log.ts';

/** What the watch over the coins of one venue needs, and does. Times are the scheduler's milliseconds. */
export interface CoinWatchOptions {
  readonly venue: string;
  readonly coinStaleAfterMs: number;
  /** How long a coin that was subscribed anew has to show data. */
  readonly resubscribeWithinMs: number;
  /** How long a coin that was mute must deliver before the venue serves it again. */
  readonly failBackAfterMs: number;
  /** True when other venues show that the coin does not trade. */
  readonly isQuiet: (coin: string, now: number) => boolean;
  readonly resubscribe: (symbol: string) => void;
  readonly tell: (
    signal:
      | { readonly kind: 'status'; readonly note: StatusNote }
      | { readonly kind: 'serves'; readonly symbol: string; readonly serves: boolean },
  ) => void;
}

interface Watched {
  readonly instrument: Instrument;
  lastAt: number;
  /** Told as stale since; undefined: it is not. */
  staleSince: number | undefined;
  quiet: boolean;
  resubscribedAt: number | undefined;
  /** The venue does not let it subscribe: nothing is expected. */
  refused: boolean;
  /** Taken from the venue's hands; data since, without a break, if any. */
  mute: { deliversSince: number | undefined } | undefined;
}

/** A coin that alone falls silent while its venue lives: told, subscribed anew, and left to another venue if that does not help. */
export class CoinWatch {
  readonly #options: CoinWatchOptions;
  readonly #coins = new Map<string, Watched>();

  constructor(options: CoinWatchOptions) {
    this.#options = options;
  }

  add(instrument: Instrument, now: number): void {
    this.#coins.set(instrument.symbol, {
      instrument,
      lastAt: now,
      staleSince: undefined,
      quiet: false,
      resubscribedAt: undefined,
      refused: false,
      mute: undefined,
    });
  }

  /** The venue refuses what it takes to serve a coin: another serves it, whatever else of it still comes by this one. */
  refuse(symbol: string): void {
    const coin = this.#coins.get(symbol);
    if (coin === undefined || coin.refused) return;
    coin.refused = true;
    this.#serves(coin, false);
  }

  /** The venue takes a coin that it had refused. */
  accept(symbol: string, now: number): void {
    const coin = this.#coins.get(symbol);
    if (coin?.refused !== true) return;
    coin.refused = false;
    coin.lastAt = now;
    coin.resubscribedAt = undefined;
    this.#serves(coin, true);
  }

  remove(symbol: string): void {
    this.#coins.delete(symbol);
  }

  seen(symbol: string, now: number): void {
    const coin = this.#coins.get(symbol);
    if (coin === undefined) return;
    coin.lastAt = now;
    if (coin.staleSince !== undefined) this.#recovered(coin, now);
  }

  sweep(now: number): void {
    for (const coin of this.#coins.values()) {
      if (coin.refused) continue;
      if (now - coin.lastAt >= this.#options.coinStaleAfterMs) this.#stale(coin, now);
      else if (coin.mute?.deliversSince !== undefined && now - coin.mute.deliversSince >= this.#options.failBackAfterMs)
        this.#serves(coin, true);
    }
  }

  #stale(coin: Watched, now: number): void {
    const { coin: name, symbol } = coin.instrument;
    const quiet = this.#options.isQuiet(name, now);
    if (coin.staleSince === undefined || coin.quiet !== quiet) {
      coin.staleSince ??= now;
      coin.quiet = quiet;
      const ageMs = Math.round(now - coin.lastAt);
      this.#note(coin, 'feed_stale', `no event of ${symbol} for ${ageMs} ms`, {
        cause: quiet ? 'quiet_market' : 'subscription_mute',
        age_ms: String(ageMs),
      });
    }
    if (coin.mute !== undefined) coin.mute.deliversSince = undefined;
    if (quiet) return;
    if (coin.resubscribedAt === undefined) {
      coin.resubscribedAt = now;
      this.#options.resubscribe(symbol);
    } else if (coin.mute === undefined && now - coin.resubscribedAt >= this.#options.resubscribeWithinMs) {
      coin.mute = { deliversSince: undefined };
      this.#options.tell({ kind: 'serves', symbol, serves: false });
    }
  }

  #recovered(coin: Watched, now: number): void {
    const staleForMs = Math.round(now - (coin.staleSince as number));
    coin.staleSince = undefined;
    coin.resubscribedAt = undefined;
    coin.quiet = false;
    if (coin.mute !== undefined) coin.mute.deliversSince = now;
    this.#note(coin, 'feed_recovered', `${coin.instrument.symbol} again`, { stale_for_ms: String(staleForMs) });
  }

  #serves(coin: Watched, serves: boolean): void {
    coin.mute = undefined;
    this.#options.tell({ kind: 'serves', symbol: coin.instrument.symbol, serves });
  }

  #note(coin: Watched, state: 'feed_stale' | 'feed_recovered', reason: string, details: Record<string, string>): void {
    this.#options.tell({
      kind: 'status',
      note: {
        state,
        reason,
        venue: this.#options.venue,
        coin: coin.instrument.coin,
        details: { symbol: coin.instrument.symbol, ...details },
      },
    });
  }
}
