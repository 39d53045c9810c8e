import type { Decimal } from '../../domain/decimal.ts';
import type { ServerMessage, StreamChannel } from '../api/stream-messages.ts';

/** Interval of the flush timer, which drives all channels, milliseconds. */
export const TICK_MS = 25;

interface ChannelKind {
  readonly type: ServerMessage['type'];
  readonly everyTicks: number;
  /** What a slow client gets later: the newest item of each key, or all that its backlog holds. */
  readonly keeps: 'newest' | 'all';
  /** False if the channel is about the whole feed. */
  readonly bySymbol: boolean;
}

export const CHANNEL_KINDS: Readonly<Record<StreamChannel, ChannelKind>> = {
  prices: { type: 'price', everyTicks: 4, keeps: 'newest', bySymbol: true },
  trades: { type: 'trade', everyTicks: 1, keeps: 'all', bySymbol: true },
  status: { type: 'status', everyTicks: 1, keeps: 'all', bySymbol: false },
  overview: { type: 'overview', everyTicks: 40, keeps: 'newest', bySymbol: false },
  overview_changes: { type: 'overview_changes', everyTicks: 40, keeps: 'newest', bySymbol: false },
  orderbook: { type: 'orderbook', everyTicks: 4, keeps: 'newest', bySymbol: true },
  klines: { type: 'kline', everyTicks: 20, keeps: 'newest', bySymbol: true },
  stats: { type: 'stats', everyTicks: 1, keeps: 'all', bySymbol: true },
  large_trades: { type: 'large_trade', everyTicks: 1, keeps: 'all', bySymbol: true },
};

/** A record or answer in messages to several clients; its JSON is made once, on demand. */
export class Item {
  /** A newer item may replace an older one with the same key. */
  readonly key: string;
  /** Null for items of the whole feed. */
  readonly symbol: string | null;
  readonly #make: (step?: Decimal) => unknown;
  readonly #makeSequel: (() => unknown) | undefined;
  #text: string | undefined;

  constructor(key: string, symbol: string | null, make: (step?: Decimal) => unknown, makeSequel?: () => unknown) {
    this.key = key;
    this.symbol = symbol;
    this.#make = make;
    this.#makeSequel = makeSequel;
  }

  get text(): string {
    this.#text ??= JSON.stringify(this.#make());
    return this.#text;
  }

  /** The JSON for clients that have received the previous item. */
  get sequel(): string {
    return this.#makeSequel === undefined ? this.text : JSON.stringify(this.#makeSequel());
  }

  /** The item with the levels of its book summed in price steps. */
  inSteps(step: Decimal | undefined): Item {
    return step === undefined ? this : new Item(this.key, this.symbol, () => this.#make(step));
  }
}

/** A message of these items, as bytes that sockets share. The overview is one object, all others are arrays. */
export function messageOf(channel: StreamChannel, items: readonly Item[], text: 'text' | 'sequel' = 'text'): Buffer {
  // An item of a book that is no longer known has no text.
  const texts = items.flatMap((item) => item[text] ?? []).join();
  const isObject = channel === 'overview' || channel === 'overview_changes';
  const data = isObject ? texts : `[${texts}]`;
  return Buffer.from(`{"type":"${CHANNEL_KINDS[channel].type}","data":${data}}`);
}
