import type { Channel, Instrument } from '../../domain/instrument.ts';
import type { BookTicker } from '../../domain/record.ts';
import { FRESH_PRICE_MS } from '../../market/book/best-prices.ts';
import type { LineArbiter } from '../arbitration/line-arbiter.ts';
import type { VenueBooks } from '../books/venue-books.ts';
import type { VenueConnectionPool } from '../connection/connection-pool.ts';
import type { InstrumentChange } from '../instruments/followed-instruments.ts';
import type { VenueCounts } from '../venue-counts.ts';
import type { VenueFeedEvent, VenueFeedOptions } from '../venue-feed-options.ts';
import { ChannelWatch } from './channel-watch.ts';
import { CrossedBooks } from './crossed-books.ts';
import { EventLag } from './event-lag.ts';
import { FrameWatch } from './frame-watch.ts';
import { SymbolWatch } from './symbol-watch.ts';

export interface VenueLivenessOptions {
  readonly options: VenueFeedOptions;
  readonly lines: VenueConnectionPool;
  readonly arbiter: LineArbiter;
  readonly books: VenueBooks;
  readonly counts: VenueCounts;
  /**
   * Requests the instrument list soon, because an instrument without data may be halted, and a halted one may trade
   * again.
   */
  readonly checkList: () => void;
  readonly out: (event: VenueFeedEvent) => void;
}

/** Watches whether a venue's frames, symbols and channels deliver on time, and acts on those that do not. */
export class VenueLiveness {
  readonly frames: FrameWatch;
  readonly symbols: SymbolWatch;
  readonly channels: ChannelWatch;
  readonly lag: EventLag;
  readonly crossed: CrossedBooks;

  constructor({ options, lines, arbiter, books, counts, checkList, out }: VenueLivenessOptions) {
    const { activity, timing, settings } = options;
    const venue = options.venue.id;
    const { neededChannel } = lines;
    const resubscribe = (instrument: Instrument, channels: readonly Channel[], line: number | null): void => {
      checkList();
      const connections = lines.resubscribe(instrument, lines.topicsOf(instrument, channels), line);
      if (neededChannel !== undefined && !channels.includes(neededChannel)) return;
      for (const connection of connections) arbiter.unsubscribed(instrument.symbol, connection);
    };
    this.symbols = new SymbolWatch({
      ...options,
      venue,
      tradesWanted: neededChannel !== undefined,
      isIdle: (coin, now) => activity.coinIsIdle(venue, coin, now),
      resubscribeEveryMs: settings.reconnect.probeEveryMs,
      resubscribe: (symbol, what) => {
        const instrument = lines.bySymbol(symbol);
        if (instrument === undefined) return;
        const isAll = what === 'all' || neededChannel === undefined;
        resubscribe(instrument, isAll ? options.channels : [neededChannel], null);
      },
      onHaltedTrade: checkList,
      report: out,
    });
    this.channels = new ChannelWatch({
      ...options,
      venue,
      neededChannel,
      tradedElsewhereAt: (coin) => activity.tradedElsewhereAt(venue, coin),
      isIdle: (now) => activity.venueIsIdle(venue, now),
      lastDataAt: () => this.frames.lastDataAt,
      onBookStale: (symbol) => books.markStale(symbol, 'no line delivers changes'),
      againAfterMs: settings.reconnect.probeEveryMs,
      resubscribe,
      replace: (instrument, line) => lines.replace(instrument, line),
      leave: (symbol, now) => this.symbols.leave(symbol, now),
      report: out,
    });
    this.lag = new EventLag({
      ...options,
      venue,
      againAfterMs: settings.reconnect.probeEveryMs,
      clock: () => timing?.latency.clock.estimate ?? null,
      busyMs: () => timing?.busyMs?.() ?? 0,
      groupOf: (line) => lines.groupOf(line),
      judged: (isLate, now) => activity.judgedLate(venue, isLate, now),
      isFresherElsewhere: (now) => activity.isInTimeElsewhere(venue, now),
      replace: (line) => lines.replaceLine(line, 'late'),
      report: out,
    });
    this.crossed = new CrossedBooks({
      inStep: (symbol) => books.inStep(symbol),
      markStale: (symbol, reason) => books.markStale(symbol, reason),
      resynchronise: (symbol, reason) => books.resynchronise(symbol, reason),
    });
    const watches = { symbols: this.symbols, channels: this.channels, crossed: this.crossed };
    this.frames = new FrameWatch({ venue, activity, latency: timing?.latency, ...watches, counts, neededChannel });
  }

  /** Expects data from now on, because the feed has handled everything that waited. */
  caughtUp(now: number): void {
    this.symbols.caughtUp(now);
    this.channels.caughtUp(now);
  }

  /** Expects no data of a symbol whose instrument does not trade, until it trades again. */
  instruments(change: InstrumentChange, now: number): void {
    if (change.kind !== 'halted' && change.kind !== 'resumed') return;
    const { symbol } = change.instrument;
    for (const watch of [this.symbols, this.channels])
      if (change.kind === 'halted') watch.halt(symbol);
      else watch.resume(symbol, now);
  }

  /**
   * Returns a symbol's last book ticker; undefined if it is not fresh, or the venue's data is late, or the venue does
   * not serve the symbol now.
   */
  freshBookTicker(symbol: string, now: number): BookTicker | undefined {
    const { instrument, leftToOther, staleSince } = this.symbols.of(symbol);
    const { quote, quotedAt } = this.crossed.of(symbol);
    const isServed = instrument !== undefined && leftToOther === undefined && staleSince === undefined;
    return isServed && !this.lag.isLate && now - quotedAt < FRESH_PRICE_MS ? quote : undefined;
  }

  /** Judges all symbols, channels, books and lags. Call it every `SWEEP_MS`. */
  sweep(now: number): void {
    this.symbols.sweep(now);
    this.channels.sweep(now, this.lag.isLate);
    this.crossed.sweep(now);
    this.lag.sweep(this.channels.takeLags(), now);
  }
}
