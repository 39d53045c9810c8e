import type { StreamChannel } from '../api/stream-messages.ts';
import { CHANNEL_KINDS, type Item, messageOf } from './stream-channels.ts';
import type { StreamClient } from './stream-client.ts';

export const ALL = '*';

/** Who is sent to. */
export type StreamReceiver = Pick<StreamClient, 'deliver' | 'keep'>;

/** Clients that are subscribed to the same symbols of a channel: what they get is made once. */
interface Audience {
  readonly key: string;
  readonly symbols: ReadonlySet<string>;
  readonly members: Set<StreamReceiver>;
  pending: Map<string, Item> | Item[];
}

/** Who listens to one channel, grouped by what they get: a message costs its making once, however many take it. */
export class Audiences {
  readonly #channel: StreamChannel;
  readonly #byKey = new Map<string, Audience>();
  readonly #bySymbol = new Map<string, Set<Audience>>();
  readonly #of = new Map<StreamReceiver, Audience>();

  constructor(channel: StreamChannel) {
    this.#channel = channel;
  }

  get isEmpty(): boolean {
    return this.#of.size === 0;
  }

  /** Moves a client to those who get these symbols; none: to nobody. What is on its way to it stays so. */
  move(client: StreamReceiver, symbols: ReadonlySet<string>): void {
    const { keeps } = CHANNEL_KINDS[this.#channel];
    if (keeps === 'all') this.flush();
    const former = this.#of.get(client);
    if (former !== undefined) {
      if (symbols.size > 0) client.keep(this.#channel, [...former.pending.values()]);
      this.#leave(client, former);
    }
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
        if (audience.pending instanceof Map) audience.pending.set(item.key, item);
        else audience.pending.push(item);
      }
      if (symbol === null) return;
    }
  }

  /** Sends what is pending. */
  flush(): void {
    for (const audience of this.#byKey.values()) {
      const items = [...audience.pending.values()];
      if (items.length === 0) continue;
      audience.pending = this.#nothing();
      const message = messageOf(this.#channel, items);
      for (const client of audience.members) client.deliver(this.#channel, message, items);
    }
  }

  #audienceOf(symbols: ReadonlySet<string>): Audience {
    const key = [...symbols].sort().join(',');
    let audience = this.#byKey.get(key);
    if (audience !== undefined) return audience;
    audience = { key, symbols, members: new Set(), pending: this.#nothing() };
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
    this.#byKey.delete(audience.key);
    for (const symbol of audience.symbols) {
      const group = this.#bySymbol.get(symbol);
      group?.delete(audience);
      if (group?.size === 0) this.#bySymbol.delete(symbol);
    }
  }

  #nothing(): Audience['pending'] {
    return CHANNEL_KINDS[this.#channel].keeps === 'newest' ? new Map() : [];
  }
}
