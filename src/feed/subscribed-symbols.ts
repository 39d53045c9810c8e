import type { SchedulerLike } from 'rxjs';
import type { Instrument } from '../domain/instrument.ts';
import type { Venue } from '../venues/contract.ts';
import type { LineArbiter } from './arbitration/line-arbiter.ts';
import type { VenueBooks } from './books/venue-books.ts';
import type { VenueConnectionPool } from './connection/connection-pool.ts';
import type { LineChange } from './connection/line-event.ts';
import type { ChannelWatch } from './liveness/channel-watch.ts';
import type { SymbolWatch } from './liveness/symbol-watch.ts';
import type { VenueCounts } from './venue-counts.ts';

export interface SubscribedSymbolsOptions {
  readonly venue: Venue;
  readonly lines: VenueConnectionPool;
  readonly arbiter: LineArbiter;
  readonly books: VenueBooks;
  readonly symbols: SymbolWatch;
  readonly channels: ChannelWatch;
  readonly counts: VenueCounts;
  readonly scheduler: SchedulerLike;
}

/**
 * Passes changes of a venue's symbols on to the code for trades, books and stale symbols, and changes of its connections
 * on to the code for trades and stale symbols.
 */
export class SubscribedSymbols {
  readonly #options: SubscribedSymbolsOptions;

  constructor(options: SubscribedSymbolsOptions) {
    this.#options = options;
  }

  /** Opens the connections with the first instruments. */
  open(instruments: readonly Instrument[]): void {
    const { symbols, lines, scheduler } = this.#options;
    for (const instrument of instruments) symbols.add(instrument, scheduler.now());
    lines.open(instruments);
  }

  add(instrument: Instrument): void {
    const { symbols, lines, scheduler } = this.#options;
    symbols.add(instrument, scheduler.now());
    lines.add(instrument);
  }

  remove(symbol: string): void {
    const { arbiter, books, symbols, channels, counts, lines } = this.#options;
    const instrument = lines.bySymbol(symbol);
    if (instrument !== undefined) {
      lines.remove(instrument);
      arbiter.unsubscribed(symbol);
    }
    symbols.remove(symbol);
    channels.remove(symbol);
    books.remove(symbol);
    counts.quality.remove(symbol);
  }

  change({ line, connection, successor, event, wasUp }: LineChange): void {
    const { arbiter, symbols, channels, lines, scheduler } = this.#options;
    switch (event.kind) {
      case 'connected':
        if (lines.up === 1 && !successor) symbols.connected(scheduler.now());
        arbiter.lineJoined(connection.id);
        return;
      case 'lost':
        if (!wasUp) return;
        arbiter.lineLost(connection.id);
        channels.connectionLost(connection.id);
        for (const { symbol } of lines.lacking()) symbols.refuse(symbol, scheduler.now());
        return;
      case 'subscribed':
        this.#subscribed(line.number, connection.id, event.topics);
        return;
      case 'cut_over':
        arbiter.lineReplaced(event.from, connection.id);
        channels.connectionLost(event.from);
        return;
      case 'refused':
        for (const topic of event.topics) this.#refused(connection.id, topic);
    }
  }

  /**
   * Handles an acknowledged subscription. From now on, the connection misses no trade of these topics. Earlier trades
   * can be fetched.
   */
  #subscribed(line: number, connection: number, topics: readonly string[]): void {
    const { venue, lines, arbiter, symbols, channels, scheduler } = this.#options;
    const about = new Set(topics.flatMap((topic) => lines.byTopic(topic) ?? []));
    const acknowledged = new Set(topics);
    const withTopic = (topicsOf: (instrument: Instrument) => readonly string[]): readonly Instrument[] =>
      [...about].filter((instrument) => topicsOf(instrument).some((topic) => acknowledged.has(topic)));
    for (const { symbol } of withTopic((instrument) => lines.neededOf(instrument)))
      symbols.acknowledged(symbol, scheduler.now());
    const at = { line, connection, now: scheduler.now() };
    for (const channel of lines.channels)
      for (const instrument of withTopic((each) => lines.topicsOf(each, [channel])))
        channels.subscribed(instrument, channel, at);
    const traded = withTopic((instrument) => venue.topics(instrument, 'trade')).map(({ symbol }) => symbol);
    arbiter.lineSubscribed(connection, traded);
  }

  #refused(connection: number, topic: string): void {
    const { venue, lines, arbiter, symbols, scheduler } = this.#options;
    const instrument = lines.byTopic(topic);
    if (instrument === undefined) return;
    if (venue.topics(instrument, 'trade').includes(topic)) arbiter.unsubscribed(instrument.symbol, connection);
    if (lines.lacks(instrument)) symbols.refuse(instrument.symbol, scheduler.now());
  }
}
