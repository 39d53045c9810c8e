import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Instrument } from '../../domain/instrument.ts';
import type { StatusNote } from '../status/status-numbering.ts';
import type { VenueFeedEvent, VenueFeedOptions } from '../venue-feed-options.ts';

type Settings = Pick<VenueFeedOptions, 'coinStaleAfterMs' | 'staleAfterMs' | 'failBackAfterMs'>;

/** The options of `CoinWatch`. Times are the scheduler's milliseconds. */
export interface CoinWatchOptions extends Settings {
  readonly venue: string;
  /** True if trades are among the channels. */
  readonly tradesWanted: boolean;
  /** True if other venues show that the coin is idle. */
  readonly isIdle: (coin: string, now: number) => boolean;
  /** Pause between two attempts to subscribe a stale symbol again, milliseconds. */
  readonly resubscribeEveryMs: number;
  readonly resubscribe: (symbol: string, what: 'all' | 'trades') => void;
  /** Called with each trade of a halted instrument. */
  readonly onHaltedTrade: () => void;
  readonly report: (event: Extract<VenueFeedEvent, { kind: 'status' | 'serves' }>) => void;
}

/** State of one coin. Created on first use and never replaced. */
export class CoinState {
  instrument: Instrument | undefined = undefined;
  lastAt = Number.NEGATIVE_INFINITY;
  tradedAt = Number.NEGATIVE_INFINITY;
  /** The ticker's last price, and how many new ones came without a trade. */
  price: string | undefined = undefined;
  untraded = 0;
  /** Since when the ticker shows that a trade is missing. */
  untradedSince: number | undefined = undefined;
  /** Since when the coin is reported as stale. */
  staleSince: number | undefined = undefined;
  idle = false;
  resubscribedAt: number | undefined = undefined;
  /** True if the venue refused the subscription, so that nothing is expected. */
  refused = false;
  /** True if the instrument does not trade at the venue, so that nothing is expected. */
  halted = false;
  /**
   * Set while the symbol is left to another venue. `deliversSince`: this venue has delivered without a break since
   * then.
   */
  leftToOther: { deliversSince: number | undefined } | undefined = undefined;

  restart(instrument: Instrument, now: number): void {
    Object.assign(this, new CoinState(), { instrument, lastAt: now, tradedAt: now });
  }
}

type Followed = CoinState & { readonly instrument: Instrument };

/** Reports a coin without data or trades, subscribes it again, then leaves it to another venue. */
export class CoinWatch {
  readonly #options: CoinWatchOptions;
  readonly #coins = new Map<string, CoinState>();

  constructor(options: CoinWatchOptions) {
    this.#options = options;
  }

  add(instrument: Instrument, now: number): void {
    this.of(instrument.symbol).restart(instrument, now);
  }

  /** Returns a symbol's state. Created on first use and never replaced, so callers may keep the reference. */
  of(symbol: string): CoinState {
    return getOrCreate(this.#coins, symbol, () => new CoinState());
  }

  #followed(symbol: string): Followed | undefined {
    const coin = this.#coins.get(symbol);
    return coin !== undefined && isFollowed(coin) ? coin : undefined;
  }

  /**
   * Notes that the venue refuses a coin's needed topics. Another venue then serves the coin, whatever else still comes
   * from this one.
   */
  refuse(symbol: string, now: number): void {
    const coin = this.#followed(symbol);
    if (coin === undefined || coin.refused) return;
    coin.refused = true;
    coin.untradedSince ??= now;
    this.#stopServing(coin);
  }

  /**
   * Notes that the venue acknowledged a coin's trades. It serves a refused coin again once trades have come for a
   * while.
   */
  acknowledged(symbol: string, now: number): void {
    const coin = this.#followed(symbol);
    if (coin === undefined) return;
    if (coin.refused) {
      coin.refused = false;
      coin.resubscribedAt = now;
      if (!this.#options.tradesWanted) coin.untradedSince = undefined;
    }
    // Prices from before the subscription do not show that a trade is missing.
    if (coin.untradedSince === undefined) coin.untraded = 0;
  }

  /**
   * Leaves a coin to another venue, because no line delivers its trades. This lasts until trades have come for a while.
   */
  leave(symbol: string, now: number): void {
    const coin = this.#followed(symbol);
    if (coin === undefined || coin.leftToOther !== undefined) return;
    coin.untradedSince ??= now;
    this.#stopServing(coin);
  }

  /** Notes that the coin's instrument does not trade at this venue. Another venue serves the coin meanwhile. */
  halt(symbol: string): void {
    const coin = this.#followed(symbol);
    if (coin === undefined) return;
    coin.halted = true;
    coin.staleSince = undefined;
    coin.resubscribedAt = undefined;
    coin.idle = false;
    this.#stopServing(coin);
  }

  /** Notes that a halted instrument trades again. The venue serves the coin once data has come for a while. */
  resume(symbol: string, now: number): void {
    const coin = this.#followed(symbol);
    if (coin === undefined) return;
    coin.halted = false;
    coin.lastAt = now;
    coin.tradedAt = now;
    coin.untraded = 0;
    if (!coin.refused) coin.untradedSince = undefined;
  }

  /** Notes that the venue has connected. Before that, nothing could come from it. */
  connected(now: number): void {
    for (const coin of this.#coins.values()) if (coin.staleSince === undefined) coin.lastAt = now;
  }

  remove(symbol: string): void {
    const coin = this.#coins.get(symbol);
    if (coin !== undefined) coin.instrument = undefined;
  }

  /** Notes an event of a coin from any line. */
  seen(coin: CoinState, now: number, isTrade: boolean): void {
    if (!isFollowed(coin)) return;
    coin.lastAt = now;
    if (coin.halted) {
      if (isTrade) this.#options.onHaltedTrade();
      return;
    }
    if (isTrade && !coin.refused) {
      coin.tradedAt = now;
      coin.untraded = 0;
      coin.untradedSince = undefined;
    }
    if (coin.untradedSince !== undefined) return;
    if (coin.staleSince !== undefined) this.#recovered(coin, now - coin.staleSince);
    if (coin.leftToOther !== undefined) coin.leftToOther.deliversSince ??= now;
  }

  /** Notes a ticker's price, in order. A second new one long after the last trade means that trades are missing. */
  priced(coin: CoinState, price: string, now: number): void {
    if (!isFollowed(coin) || coin.price === price) return;
    const isFirst = coin.price === undefined;
    coin.price = price;
    if (isFirst || now - coin.tradedAt < this.#options.staleAfterMs) return;
    coin.untraded++;
    if (coin.untraded > 1) coin.untradedSince ??= now;
  }

  sweep(now: number): void {
    for (const coin of this.#coins.values()) {
      if (!isFollowed(coin) || coin.halted) continue;
      const { untradedSince, leftToOther } = coin;
      if (now - (untradedSince ?? coin.lastAt) >= this.#options.coinStaleAfterMs) this.#stale(coin, now);
      else if (leftToOther?.deliversSince === undefined || untradedSince !== undefined) continue;
      else if (now - leftToOther.deliversSince >= this.#options.failBackAfterMs) {
        coin.leftToOther = undefined;
        this.#options.report({ kind: 'serves', symbol: coin.instrument.symbol, serves: true });
      }
    }
  }

  #stale(coin: Followed, now: number): void {
    const { coin: name, symbol } = coin.instrument;
    const { untradedSince } = coin;
    const idle = untradedSince === undefined && this.#options.isIdle(name, now);
    if (coin.staleSince === undefined || coin.idle !== idle) {
      coin.staleSince ??= now;
      coin.idle = idle;
      const ageMs = Math.round(now - (untradedSince ?? coin.lastAt));
      const reason =
        untradedSince === undefined
          ? `no event of ${symbol} for ${ageMs} ms`
          : `no trade of ${symbol} for ${ageMs} ms, ${coin.refused ? 'because the venue refuses them' : 'although other data comes'}`;
      this.#note(coin, {
        state: 'feed_stale',
        reason,
        cause: idle
          ? 'quiet_market'
          : untradedSince === undefined || coin.refused
            ? 'subscription_mute'
            : 'channel_mute',
        details: { age_ms: String(ageMs) },
      });
    }
    if (coin.leftToOther !== undefined) coin.leftToOther.deliversSince = undefined;
    if (idle || coin.refused) return;
    const { resubscribeEveryMs, staleAfterMs } = this.#options;
    const waitedMs = now - (coin.resubscribedAt ?? Number.NEGATIVE_INFINITY);
    if (coin.resubscribedAt !== undefined && coin.leftToOther === undefined) {
      if (waitedMs >= staleAfterMs) this.#stopServing(coin);
    } else if (waitedMs >= resubscribeEveryMs) {
      coin.resubscribedAt = now;
      this.#options.resubscribe(symbol, untradedSince === undefined ? 'all' : 'trades');
    }
  }

  /** Leaves the coin to another venue until this one has delivered for a while. */
  #stopServing(coin: Followed): void {
    coin.leftToOther = { deliversSince: undefined };
    this.#options.report({ kind: 'serves', symbol: coin.instrument.symbol, serves: false });
  }

  #recovered(coin: Followed, staleForMs: number): void {
    coin.staleSince = undefined;
    coin.resubscribedAt = undefined;
    coin.idle = false;
    const reason = `${coin.instrument.symbol} delivers again`;
    this.#note(coin, { state: 'feed_recovered', reason, details: { stale_for_ms: String(Math.round(staleForMs)) } });
  }

  #note({ instrument: { symbol, coin } }: Followed, note: StatusNote): void {
    this.#options.report({ kind: 'status', note: { ...note, venue: this.#options.venue, symbol, coin } });
  }
}

function isFollowed(coin: CoinState): coin is Followed {
  return coin.instrument !== undefined;
}
