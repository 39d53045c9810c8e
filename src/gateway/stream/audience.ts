import { buffer, Subject } from 'rxjs';
import { getOrCreate } from '../../domain/get-or-create.ts';
import { conflate } from '../../operators/conflate.ts';
import type { StreamChannel } from '../api/stream-messages.ts';
import { CHANNEL_KINDS, type Item, messageOf } from './stream-channels.ts';
import type { StreamClient } from './stream-client.ts';

export const ALL = '*';

/** Who is sent to. */
export type StreamReceiver = Pick<StreamClient, 'deliver'>;

const NONE: ReadonlySet<string> = new Set();

interface Membership {
  /** Names the symbols: members with the same get the same. */
  readonly key: string;
  readonly symbols: ReadonlySet<string>;
}

/** Who listens to one channel. A message is made once for all who are subscribed to the same symbols. */
export class Audience {
  readonly #channel: StreamChannel;
  readonly #members = new Map<StreamReceiver, Membership>();
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

  /** `*`: all, and what has no symbols; none: it does not listen. */
  symbolsOf(client: StreamReceiver): ReadonlySet<string> {
    return this.#members.get(client)?.symbols ?? NONE;
  }

  /** From now on the client gets these symbols; none: nothing. What waits is sent first. */
  move(client: StreamReceiver, symbols: ReadonlySet<string>): void {
    this.flush();
    if (symbols.size === 0) this.leave(client);
    else this.#members.set(client, { key: [...symbols].sort().join(','), symbols });
  }

  leave(client: StreamReceiver): void {
    this.#members.delete(client);
  }

  add(item: Item): void {
    if (!this.isEmpty) this.#items$.next(item);
  }

  /** Sends what waits. */
  flush(): void {
    this.#flush$.next();
  }

  #send(items: readonly Item[]): void {
    if (items.length === 0) return;
    const parcels = new Map<string, { readonly items: readonly Item[]; readonly message: Buffer }>();
    for (const [client, { key, symbols }] of this.#members) {
      const parcel = getOrCreate(parcels, key, () => {
        const wanted = items.filter(({ symbol }) => symbols.has(ALL) || symbols.has(symbol ?? ALL));
        return { items: wanted, message: messageOf(this.#channel, wanted) };
      });
      if (parcel.items.length > 0) client.deliver(this.#channel, parcel.message, parcel.items);
    }
  }
}
