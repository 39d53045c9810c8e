import { buffer, Subject } from 'rxjs';
import type { Decimal } from '../../domain/decimal.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import { conflate } from '../../operators/conflate.ts';
import type { StreamChannel } from '../api/stream-messages.ts';
import { CHANNEL_KINDS, type Item, messageOf } from './stream-channels.ts';
import type { StreamClient } from './stream-client.ts';

export const ALL = '*';

export type StreamReceiver = Pick<StreamClient, 'deliver'>;

const NONE: ReadonlySet<string> = new Set();

/** A client with more symbols does not cause messages about the changes of their books, up to ten a second of each. */
const MOST_FOLLOWED = 20;

interface Membership {
  /** Clients with the same key get the same message. */
  readonly key: string;
  readonly symbols: ReadonlySet<string>;
  /** The price step in which the client gets books. */
  readonly step: Decimal | undefined;
}

/** The clients that have subscribed to a channel. All clients with the same symbols and price step share one message. */
export class Audience {
  readonly #channel: StreamChannel;
  readonly #members = new Map<StreamReceiver, Membership>();
  /** The symbols of all clients with few symbols; undefined: not known since the clients changed. */
  #followed: ReadonlySet<string> | undefined;
  readonly #items$ = new Subject<Item>();
  readonly #flush$ = new Subject<void>();

  constructor(channel: StreamChannel) {
    this.#channel = channel;
    const collected = {
      newest: conflate<Item>({ key: ({ key }) => key, release$: this.#flush$ }),
      all: buffer<Item>(this.#flush$),
    };
    this.#items$.pipe(collected[CHANNEL_KINDS[channel].keeps]).subscribe((items) => this.#send(items));
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** The client's symbols: `*` stands for all symbols and for data without a symbol; empty: not subscribed. */
  symbolsOf(client: StreamReceiver): ReadonlySet<string> {
    return this.#members.get(client)?.symbols ?? NONE;
  }

  /** The price step in which the client gets books; undefined: single levels. */
  stepOf(client: StreamReceiver): Decimal | undefined {
    return this.#members.get(client)?.step;
  }

  /** Sets the client's symbols, none to unsubscribe. Waiting items are sent first. */
  setSymbols(client: StreamReceiver, symbols: ReadonlySet<string>, step?: Decimal): void {
    this.flush();
    this.#followed = undefined;
    if (symbols.size === 0) this.remove(client);
    else this.#members.set(client, { key: `${[...symbols].sort().join(',')} ${step ?? ''}`, symbols, step });
  }

  remove(client: StreamReceiver): void {
    this.#members.delete(client);
    this.#followed = undefined;
  }

  /** Whether a client with few symbols has this one. */
  follows(symbol: string): boolean {
    this.#followed ??= new Set(
      this.#members.values().flatMap(({ symbols }) => (symbols.size <= MOST_FOLLOWED ? symbols : NONE)),
    );
    return this.#followed.has(symbol);
  }

  add(item: Item): void {
    if (!this.isEmpty) this.#items$.next(item);
  }

  /** Sends the waiting items. */
  flush(): void {
    this.#flush$.next();
  }

  #send(items: readonly Item[]): void {
    if (items.length === 0) return;
    const parcels = new Map<string, { readonly items: readonly Item[]; readonly message: Buffer }>();
    for (const [client, { key, symbols, step }] of this.#members) {
      const parcel = getOrCreate(parcels, key, () => {
        const wanted = items
          .filter(({ symbol }) => symbols.has(ALL) || symbols.has(symbol ?? ALL))
          .map((item) => item.inSteps(step));
        return { items: wanted, message: messageOf(this.#channel, wanted, 'sequel') };
      });
      if (parcel.items.length > 0) client.deliver(this.#channel, parcel.message, parcel.items);
    }
  }
}
