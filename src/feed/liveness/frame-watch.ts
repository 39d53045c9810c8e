import type { Channel } from '../../domain/instrument.ts';
import type { MarketFrame } from '../../domain/venue-event.ts';
import type { MergedEvent } from '../arbitration/merged-event.ts';
import type { VenueLatency } from '../latency/latencies.ts';
import { increment, type VenueCounts } from '../venue-counts.ts';
import type { Activity, Pulse } from './activity.ts';
import type { CoinWatch, Watched } from './coin-watch.ts';
import type { Count } from './data-quality.ts';

export interface FrameWatchOptions {
  readonly venue: string;
  readonly activity: Activity;
  readonly latency: VenueLatency | undefined;
  readonly coins: CoinWatch;
  readonly counts: VenueCounts;
  /** What the trades of a symbol come by, if any are wanted. */
  readonly neededChannel: Channel | undefined;
}

/** What is kept of one symbol: looked for once a frame, and not by each who watches. */
export interface SymbolWatch {
  readonly coin: Watched;
  readonly quality: Count;
  /** Since the first of them. */
  trades: Pulse | undefined;
}

/** Watches the frames of a venue: when data came, of which symbols, and how good it was. Beside their way, not in it. */
export class FrameWatch {
  /** When the last data frame came, repeats included; null: none came. */
  lastDataAt: number | null = null;
  readonly #options: FrameWatchOptions;

  constructor(options: FrameWatchOptions) {
    this.#options = options;
  }

  of(symbol: string): SymbolWatch {
    const { coins, counts } = this.#options;
    return { coin: coins.of(symbol), quality: counts.quality.of(symbol), trades: undefined };
  }

  received(of: SymbolWatch, { at, value, warning }: MarketFrame, now: number): void {
    const { venue, activity, coins, counts, neededChannel } = this.#options;
    const first = value[0];
    this.lastDataAt = now;
    activity.data(venue, now, first !== undefined);
    if (warning !== undefined) increment(counts.warnings, warning);
    coins.seen(of.coin, now, first !== undefined && first.kind === neededChannel);
    // That nothing changed is a sign of life, too, and no more.
    if (first === undefined) return;
    counts.lastReceivedAt = at;
    counts.quality.valid(of.quality, at);
    if (first.kind === 'trade') {
      of.trades ??= activity.tradesOf(venue, first.coin);
      activity.traded(of.trades, now);
    }
    if (first.kind === 'book_ticker') counts.quality.spread(of.quality, first);
    if (first.kind === 'book_update') counts.events += value.length;
  }

  /** What of a frame has passed the arbiter. */
  passed(of: SymbolWatch, events: readonly MergedEvent[], now: number): void {
    const { coins, counts, neededChannel, latency } = this.#options;
    const first = events[0];
    counts.events += events.length;
    if (first?.kind === 'ticker' && neededChannel !== undefined) coins.priced(of.coin, first.price, now);
    latency?.received(first);
  }
}
