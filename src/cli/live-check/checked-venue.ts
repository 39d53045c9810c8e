import type { Channel, Instrument } from '../../domain/instrument.ts';
import { isTrade } from '../../domain/trade-id.ts';
import type { RawFrame, VenueEvent } from '../../domain/venue-event.ts';
import type { ConnectionPlan } from '../../venues/connection/plan-connections.ts';
import type { DecoderContext, Venue } from '../../venues/contract.ts';
import { hasChannel } from '../../venues/missing-channels.ts';
import { type CheckItem, noted } from './check-item.ts';
import { CheckedBooks } from './checked-books.ts';
import { CheckedConnection, dataOfChannel } from './checked-connection.ts';
import { CheckedTrades } from './checked-trades.ts';
import { connectionItems } from './connection-items.ts';
import { unreadFields } from './unread-fields.ts';

export interface CheckedVenueOptions {
  readonly venue: Venue;
  readonly context: DecoderContext;
  readonly channels: readonly Channel[];
  readonly plans: readonly ConnectionPlan[];
  /** When the check started. All times here are milliseconds by the monotonic clock. */
  readonly startedAt: number;
}

/** Collects what a check receives from one venue's streams, and makes check items of it. Has no clock and no I/O. */
export class CheckedVenue {
  readonly books: CheckedBooks;
  readonly connections: readonly CheckedConnection[];
  readonly #options: CheckedVenueOptions;
  readonly #trades: CheckedTrades;
  /** The fields that the decoder does not read, by the kind of a frame's first event. */
  readonly #unread = new Map<string, readonly string[]>();
  #frame: RawFrame | undefined;

  constructor(options: CheckedVenueOptions) {
    const { venue, channels, plans, startedAt } = options;
    this.#options = options;
    this.books = new CheckedBooks(venue.book !== undefined && channels.includes('depth'));
    this.#trades = new CheckedTrades(venue.contiguousTradeIds);
    this.connections = plans.map((plan) => new CheckedConnection(plan, startedAt));
  }

  /** Keeps a frame. Call it before `event` for the frame's events. */
  frame(connection: CheckedConnection, frame: RawFrame): void {
    connection.frame(frame);
    this.#frame = frame;
  }

  event(connection: CheckedConnection, event: VenueEvent, at: number): void {
    connection.event(event, at);
    if (event.kind !== 'value') return;
    const { line } = connection.plan;
    for (const one of event.value) {
      if (isTrade(one)) this.#trades.trade(line, one);
      else if (one.kind === 'book_update') this.books.update(line, one, at);
      else if (one.kind === 'book_ticker') this.books.ticker(line, one, at);
    }
    const [first] = event.value;
    if (first !== undefined && !this.#unread.has(first.kind)) this.#examine(first.kind);
  }

  items(endAt: number): readonly CheckItem[] {
    const { venue, channels } = this.#options;
    const had = channels.filter((channel) => hasChannel(venue, channel));
    return [
      ...connectionItems(this.connections, had, endAt),
      ...this.#trades.items(),
      ...this.books.items(endAt),
      ...this.#notes(had),
    ];
  }

  #examine(kind: string): void {
    if (this.#frame === undefined) return;
    const { venue, context } = this.#options;
    this.#unread.set(kind, unreadFields(venue, context, this.#frame));
  }

  #notes(had: readonly Channel[]): readonly CheckItem[] {
    const { channels, context, venue } = this.#options;
    const lacked = channels.filter((channel) => !had.includes(channel));
    const unread = [...this.#unread].flatMap(([kind, fields]) =>
      fields.length === 0 ? [] : [`${kind}: ${fields.join(' ')}`],
    );
    const idle = had.flatMap((channel) => {
      const symbols = this.#symbolsWithout(dataOfChannel(channel), [...context.instruments.values()]);
      return symbols.length === 0 ? [] : [`${channel}: ${symbols.join(' ')}`];
    });
    return [
      ...(lacked.length === 0 ? [] : [noted('channels', `${venue.id} has no ${lacked.join(', ')}`)]),
      ...(idle.length === 0 ? [] : [noted('no data yet', idle.join('; '))]),
      ...(unread.length === 0 ? [] : [noted('fields not read', unread.join('; '))]),
    ];
  }

  /** The symbols without data of this kind; empty if no symbol has any. */
  #symbolsWithout(of: string, instruments: readonly Instrument[]): readonly string[] {
    const seen = new Set(this.connections.flatMap((connection) => [...connection.symbolsWith(of)]));
    if (seen.size === 0) return [];
    return instruments.flatMap(({ symbol }) => (seen.has(symbol) ? [] : [symbol]));
  }
}
