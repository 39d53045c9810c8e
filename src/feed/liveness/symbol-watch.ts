import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Instrument } from '../../domain/instrument.ts';
import type { StatusNote } from '../status/status-numbering.ts';
import type { VenueFeedEvent, VenueFeedOptions } from '../venue-feed-options.ts';

// A symbol is stale after `coinStaleAfterMs` without an event, or without a trade that its ticker shows.

type Settings = Pick<VenueFeedOptions, 'coinStaleAfterMs' | 'staleAfterMs' | 'failBackAfterMs'>;

/**
 * For this long after a new subscription or its acknowledgement, data other than trades may be a snapshot,
 * milliseconds.
 */
const SNAPSHOT_MS = 1000;

/** The options of `SymbolWatch`. Times are the scheduler's milliseconds. */
export interface SymbolWatchOptions extends Settings {
  readonly venue: string;
  /** True if trades are among the channels. */
  readonly tradesWanted: boolean;
  /** True if other venues show that the symbol is idle. */
  readonly isIdle: (coin: string, now: number) => boolean;
  /** Pause between two attempts to subscribe a stale symbol again, milliseconds. */
  readonly resubscribeEveryMs: number;
  readonly resubscribe: (symbol: string, what: 'all' | 'trades') => void;
  /** Called for each trade of a halted instrument. */
  readonly onHaltedTrade: () => void;
  readonly report: (event: Extract<VenueFeedEvent, { kind: 'status' | 'serves' }>) => void;
}

/** State of one symbol. Created on first use and never replaced. */
export class SymbolLife {
  instrument: Instrument | undefined = undefined;
  lastAt = Number.NEGATIVE_INFINITY;
  tradedAt = Number.NEGATIVE_INFINITY;
  /** The ticker's last price, and how many new prices came without a trade. */
  price: string | undefined = undefined;
  untraded = 0;
  /** Since when the ticker shows that a trade is missing. */
  untradedSince: number | undefined = undefined;
  /** Since when the symbol is reported as stale. */
  staleSince: number | undefined = undefined;
  idle = false;
  resubscribedAt: number | undefined = undefined;
  /** Until then, data other than trades may be a snapshot that answers a new subscription. */
  snapshotsUntil = Number.NEGATIVE_INFINITY;
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
    Object.assign(this, new SymbolLife(), { instrument, lastAt: now, tradedAt: now });
  }
}

type Followed = SymbolLife & { readonly instrument: Instrument };

/** Reports a symbol without data or trades, subscribes it again, then leaves it to another venue. */
export class SymbolWatch {
  readonly #options: SymbolWatchOptions;
  readonly #lives = new Map<string, SymbolLife>();

  constructor(options: SymbolWatchOptions) {
    this.#options = options;
  }

  add(instrument: Instrument, now: number): void {
    this.of(instrument.symbol).restart(instrument, now);
  }

  /** Gives each symbol as much time for its next event as if it had just had one. */
  caughtUp(now: number): void {
    for (const life of this.#lives.values()) if (isFollowed(life)) Object.assign(life, { lastAt: now, tradedAt: now });
  }

  /** Returns a symbol's state. Created on first use and never replaced, so callers may keep the reference. */
  of(symbol: string): SymbolLife {
    return getOrCreate(this.#lives, symbol, () => new SymbolLife());
  }

  #followed(symbol: string): Followed | undefined {
    const life = this.#lives.get(symbol);
    return life !== undefined && isFollowed(life) ? life : undefined;
  }

  /**
   * Notes that the venue refuses a symbol's needed topics. Another venue then serves the symbol, whatever else still
   * comes from this one.
   */
  refuse(symbol: string, now: number): void {
    const life = this.#followed(symbol);
    if (life === undefined || life.refused) return;
    life.refused = true;
    life.untradedSince ??= now;
    this.#stopServing(life);
  }

  /**
   * Notes that the venue acknowledged a symbol's trades. It serves a refused symbol again once trades have come for a
   * while.
   */
  acknowledged(symbol: string, now: number): void {
    const life = this.#followed(symbol);
    if (life === undefined) return;
    if (life.refused) {
      life.refused = false;
      life.resubscribedAt = now;
      if (!this.#options.tradesWanted) life.untradedSince = undefined;
    }
    if (life.resubscribedAt !== undefined) life.snapshotsUntil = now + SNAPSHOT_MS;
    // Prices from before the subscription do not show that a trade is missing.
    if (life.untradedSince === undefined) life.untraded = 0;
  }

  /**
   * Leaves a symbol to another venue, because no line delivers its trades. This lasts until trades have come for a
   * while.
   */
  leave(symbol: string, now: number): void {
    const life = this.#followed(symbol);
    if (life === undefined || life.leftToOther !== undefined) return;
    life.untradedSince ??= now;
    this.#stopServing(life);
  }

  /** Notes that the symbol's instrument does not trade at this venue. Another venue serves the symbol meanwhile. */
  halt(symbol: string): void {
    const life = this.#followed(symbol);
    if (life === undefined) return;
    life.halted = true;
    life.staleSince = undefined;
    life.resubscribedAt = undefined;
    life.idle = false;
    this.#stopServing(life);
  }

  /** Notes that a halted instrument trades again. The venue serves the symbol once data has come for a while. */
  resume(symbol: string, now: number): void {
    const life = this.#followed(symbol);
    if (life === undefined) return;
    life.halted = false;
    life.lastAt = now;
    life.tradedAt = now;
    life.untraded = 0;
    if (!life.refused) life.untradedSince = undefined;
  }

  /** Notes that the venue has connected. Before that, nothing could come from it. */
  connected(now: number): void {
    for (const life of this.#lives.values()) if (life.staleSince === undefined) life.lastAt = now;
  }

  remove(symbol: string): void {
    const life = this.#lives.get(symbol);
    if (life !== undefined) life.instrument = undefined;
  }

  /**
   * Notes an event of a symbol from any line. A snapshot that answers a new subscription does not show that data comes.
   */
  seen(life: SymbolLife, now: number, isTrade: boolean): void {
    if (!isFollowed(life)) return;
    if (!isTrade && now < life.snapshotsUntil) return;
    life.lastAt = now;
    if (life.halted) {
      if (isTrade) this.#options.onHaltedTrade();
      return;
    }
    if (isTrade && !life.refused) {
      life.tradedAt = now;
      life.untraded = 0;
      life.untradedSince = undefined;
    }
    if (life.untradedSince !== undefined) return;
    if (life.staleSince !== undefined) this.#recovered(life, now - life.staleSince);
    if (life.leftToOther !== undefined) this.#delivers(life, life.leftToOther, now, isTrade);
  }

  /**
   * Notes a ticker's price; call it in the tickers' order. A second new price long after the last trade means that
   * trades are missing.
   */
  priced(life: SymbolLife, price: string, now: number): void {
    if (!isFollowed(life) || life.price === price) return;
    const isFirst = life.price === undefined;
    life.price = price;
    if (isFirst || now - life.tradedAt < this.#options.staleAfterMs) return;
    life.untraded++;
    if (life.untraded > 1) life.untradedSince ??= now;
  }

  sweep(now: number): void {
    for (const life of this.#lives.values()) {
      if (!isFollowed(life) || life.halted) continue;
      if (now - (life.untradedSince ?? life.lastAt) >= this.#options.coinStaleAfterMs) this.#stale(life, now);
    }
  }

  #stale(life: Followed, now: number): void {
    const { coin: name, symbol } = life.instrument;
    const { untradedSince } = life;
    const idle = untradedSince === undefined && this.#options.isIdle(name, now);
    if (life.staleSince === undefined || life.idle !== idle) {
      life.staleSince ??= now;
      life.idle = idle;
      const ageMs = Math.round(now - (untradedSince ?? life.lastAt));
      const reason =
        untradedSince === undefined
          ? `no event of ${symbol} for ${ageMs} ms`
          : `no trade of ${symbol} for ${ageMs} ms, ${life.refused ? 'because the venue refuses them' : 'although other data comes'}`;
      this.#note(life, {
        state: 'feed_stale',
        reason,
        cause: idle
          ? 'quiet_market'
          : untradedSince === undefined || life.refused
            ? 'subscription_mute'
            : 'channel_mute',
        details: { age_ms: String(ageMs) },
      });
    }
    if (life.leftToOther !== undefined) life.leftToOther.deliversSince = undefined;
    if (idle || life.refused) return;
    const { resubscribeEveryMs, staleAfterMs } = this.#options;
    const waitedMs = now - (life.resubscribedAt ?? Number.NEGATIVE_INFINITY);
    if (life.resubscribedAt !== undefined && life.leftToOther === undefined) {
      if (waitedMs >= staleAfterMs) this.#stopServing(life);
    } else if (waitedMs >= resubscribeEveryMs) {
      life.resubscribedAt = now;
      life.snapshotsUntil = now + SNAPSHOT_MS;
      this.#options.resubscribe(symbol, untradedSince === undefined ? 'all' : 'trades');
    }
  }

  /** Leaves the symbol to another venue until this one has delivered for a while. */
  #stopServing(life: Followed): void {
    life.leftToOther = { deliversSince: undefined };
    this.#options.report({ kind: 'serves', symbol: life.instrument.symbol, serves: false });
  }

  /**
   * Serves a symbol again once it has delivered for `failBackAfterMs`. Only a trade shows that trades come now, because
   * a symbol that has just fallen silent is not stale yet.
   */
  #delivers(life: Followed, left: NonNullable<SymbolLife['leftToOther']>, now: number, isTrade: boolean): void {
    left.deliversSince ??= now;
    if (this.#options.tradesWanted && !isTrade) return;
    if (now - left.deliversSince < this.#options.failBackAfterMs) return;
    life.leftToOther = undefined;
    this.#options.report({ kind: 'serves', symbol: life.instrument.symbol, serves: true });
  }

  #recovered(life: Followed, staleForMs: number): void {
    life.staleSince = undefined;
    life.resubscribedAt = undefined;
    life.idle = false;
    const reason = `${life.instrument.symbol} delivers again`;
    this.#note(life, { state: 'feed_recovered', reason, details: { stale_for_ms: String(Math.round(staleForMs)) } });
  }

  #note({ instrument: { symbol, coin } }: Followed, note: StatusNote): void {
    this.#options.report({ kind: 'status', note: { ...note, venue: this.#options.venue, symbol, coin } });
  }
}

function isFollowed(life: SymbolLife): life is Followed {
  return life.instrument !== undefined;
}
