import type { Channel } from '../../domain/instrument.ts';
import type { MarketEvent } from '../../domain/market-event.ts';
import type { MarketFrame } from '../../domain/venue-event.ts';
import type { MergedEvent } from '../arbitration/merged-event.ts';
import type { VenueLatency } from '../latency/latencies.ts';
import { increment, type VenueCounts } from '../venue-counts.ts';
import type { Activity, Pulse } from './activity.ts';
import type { ChannelWatch, SymbolChannels } from './channel-watch.ts';
import type { BookWitness, CrossedBooks } from './crossed-books.ts';
import type { Count } from './data-quality.ts';
import type { SymbolLife, SymbolWatch } from './symbol-watch.ts';

export interface FrameWatchOptions {
  readonly venue: string;
  readonly activity: Activity;
  readonly latency: VenueLatency | undefined;
  readonly symbols: SymbolWatch;
  readonly channels: ChannelWatch;
  readonly crossed: CrossedBooks;
  readonly counts: VenueCounts;
  /** The channel of trades. Undefined if no trades are wanted. */
  readonly neededChannel: Channel | undefined;
}

/** The watchers' state of one symbol, in one object so that a frame needs one lookup. */
export interface WatchedSymbol {
  readonly life: SymbolLife;
  readonly channels: SymbolChannels;
  readonly witness: BookWitness;
  readonly quality: Count;
  trades: Pulse | undefined;
}

/**
 * The time from a live trade or book change to its receipt, milliseconds, including the clock offset. Infinity:
 * unknown.
 */
function lagMs(event: MarketEvent, receivedAt: number): number {
  switch (event.kind) {
    case 'trade':
    case 'agg_trade':
      return receivedAt / 1000 - (event.eventTime ?? event.timestamp);
    case 'book_update':
      return event.snapshot || event.timestamp === null
        ? Number.POSITIVE_INFINITY
        : receivedAt / 1000 - event.timestamp;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** Watches a venue's frames: their times, symbols and quality. It does not change the data. */
export class FrameWatch {
  /** When the last data frame came, repeats included. Null: none yet. */
  lastDataAt: number | null = null;
  readonly #options: FrameWatchOptions;

  constructor(options: FrameWatchOptions) {
    this.#options = options;
  }

  of(symbol: string): WatchedSymbol {
    const { symbols, channels, crossed, counts } = this.#options;
    const quality = counts.quality.of(symbol);
    const witness = crossed.of(symbol);
    return { life: symbols.of(symbol), channels: channels.of(symbol), witness, quality, trades: undefined };
  }

  received(of: WatchedSymbol, connection: number, { at, value, warning }: MarketFrame, now: number): void {
    const { venue, activity, symbols, counts, neededChannel } = this.#options;
    const first = value[0];
    this.lastDataAt = now;
    activity.data(venue, now, first !== undefined);
    if (warning !== undefined) increment(counts.warnings, warning);
    symbols.seen(of.life, now, first !== undefined && first.kind === neededChannel);
    // A frame without changes only proves that the venue delivers.
    if (first === undefined) return;
    of.channels.received(first.kind, connection, lagMs(first, at));
    counts.lastReceivedAt = at;
    counts.quality.valid(of.quality, at);
    if (first.kind === 'trade') {
      of.trades ??= activity.tradesOf(venue, first.coin);
      activity.traded(of.trades, now);
    }
    if (first.kind === 'book_ticker') counts.quality.spread(of.quality, first);
    if (first.kind === 'book_update') counts.events += value.length;
  }

  /** Notes those events of a frame that passed the arbiter. */
  passed(of: WatchedSymbol, events: readonly MergedEvent[], now: number): void {
    const { symbols, counts, neededChannel, latency } = this.#options;
    const first = events[0];
    const last = events.at(-1);
    counts.events += events.length;
    if (last !== undefined) of.witness.passed(last, now);
    if (first?.kind === 'ticker' && neededChannel !== undefined) symbols.priced(of.life, first.price, now);
    latency?.received(first);
  }
}
