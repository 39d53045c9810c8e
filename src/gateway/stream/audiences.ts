import { buffer, filter, type OperatorFunction, Subject } from 'rxjs';
import { conflate } from '../../operators/conflate.ts';
import type { StreamChannel } from '../api/stream-messages.ts';
import { CHANNEL_KINDS, type Item, messageOf } from './stream-channels.ts';
import type { StreamClient } from './stream-client.ts';

export const ALL = '*';

/** Who is sent to. */
export type StreamReceiver = Pick<StreamClient, 'deliver'>;

/** Clients that are subscribed to the same symbols of a channel: what they get is made once. */
interface Audience {
  readonly key: string;
  readonly symbols: ReadonlySet<string>;
  readonly members: Set<StreamReceiver>;
  /** What waits for the next message to the members. */
  readonly items$: Subject<Item>;
}

/** Who listens to one channel, grouped by what they get: a message costs its making once, however many take it. */
export class Audiences {
  readonly #channel: StreamChannel;
  readonly #byKey = new Map<string, Audience>();
  readonly #bySymbol = new Map<string, Set<Audience>>();
  readonly #of = new Map<StreamReceiver, Audience>();
  readonly #flush$ = new Subject<void>();

  constructor(channel: StreamChannel) {
    this.#channel = channel;
  }

  get isEmpty(): boolean {
    return this.#of.size === 0;
  }

  /** Moves a client to those who get these symbols; none: to nobody. What waits for it is sent first. */
  move(client: StreamReceiver, symbols: ReadonlySet<string>): void {
    this.flush();
    const previous = this.#of.get(client);
    if (previous !== undefined) this.#leave(client, previous);
    if (symbols.size === 0) return;
    const audience = this.#audienceOf(symbols);
    audience.members.add(client);
    this.#of.set(client, audience);
  }

  /** Something for all who are subscribed to its symbol. */
  add(symbol: string | null, make: () => Item): void {
    if (this.#of.size === 0) return;
    let item: Item | undefined;
    for (const group of [symbol ?? ALL, ALL]) {
      for (const audience of this.#bySymbol.get(group) ?? []) {
        item ??= make();
        audience.items$.next(item);
      }
      if (symbol === null) return;
    }
  }

  /** Sends what waits. */
  flush(): void {
    this.#flush$.next();
  }

  #audienceOf(symbols: ReadonlySet<string>): Audience {
    const key = [...symbols].sort().join(',');
    let audience = this.#byKey.get(key);
    if (audience !== undefined) return audience;
    const members = new Set<StreamReceiver>();
    const items$ = new Subject<Item>();
    items$.pipe(this.#collect()).subscribe((items) => {
      const message = messageOf(this.#channel, items);
      for (const client of members) client.deliver(this.#channel, message, items);
    });
    audience = { key, symbols, members, items$ };
    this.#byKey.set(key, audience);
    for (const symbol of symbols) {
      const group = this.#bySymbol.get(symbol) ?? new Set();
      this.#bySymbol.set(symbol, group.add(audience));
    }
    return audience;
  }

  #leave(client: StreamReceiver, audience: Audience): void {
    this.#of.delete(client);
    audience.members.delete(client);
    if (audience.members.size > 0) return;
    audience.items$.complete();
    this.#byKey.delete(audience.key);
    for (const symbol of audience.symbols) {
      const group = this.#bySymbol.get(symbol);
      group?.delete(audience);
      if (group?.size === 0) this.#bySymbol.delete(symbol);
    }
  }

  /** What comes between two flushes: the newest of each key, or all. */
  #collect(): OperatorFunction<Item, Item[]> {
    if (CHANNEL_KINDS[this.#channel].keeps === 'newest')
      return conflate({ key: ({ key }) => key, release$: this.#flush$ });
    return (items$) =>
      items$.pipe(
        buffer(this.#flush$),
        filter((items) => items.length > 0),
      );
  }
}
