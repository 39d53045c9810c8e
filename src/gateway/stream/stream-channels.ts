import type { ServerMessage, StreamChannel } from '../api/stream-messages.ts';

/** One flush timer drives all channels, milliseconds. */
export const TICK_MS = 25;

interface ChannelKind {
  /** Of its messages. */
  readonly type: ServerMessage['type'];
  /** It is sent each so many ticks. */
  readonly everyTicks: number;
  /** What a client that lags gets later: the newest of each key, or all, in order, as far as its queue holds them. */
  readonly keeps: 'newest' | 'all';
  /** False: it is about the whole feed. */
  readonly bySymbol: boolean;
}

export const CHANNEL_KINDS: Readonly<Record<StreamChannel, ChannelKind>> = {
  prices: { type: 'price', everyTicks: 4, keeps: 'newest', bySymbol: true },
  trades: { type: 'trade', everyTicks: 1, keeps: 'all', bySymbol: true },
  status: { type: 'status', everyTicks: 1, keeps: 'all', bySymbol: false },
  overview: { type: 'overview', everyTicks: 40, keeps: 'newest', bySymbol: false },
  orderbook: { type: 'orderbook', everyTicks: 8, keeps: 'newest', bySymbol: true },
  klines: { type: 'kline', everyTicks: 20, keeps: 'newest', bySymbol: true },
  stats: { type: 'stats', everyTicks: 1, keeps: 'all', bySymbol: true },
  large_trades: { type: 'large_trade', everyTicks: 1, keeps: 'all', bySymbol: true },
};

/** Something that goes to several clients; its text is made once. */
export class Item {
  /** Of items with the same key the newer may take the place of the older. */
  readonly key: string;
  /** Null: of the whole feed. */
  readonly symbol: string | null;
  readonly #make: () => unknown;
  #text: string | undefined;

  constructor(key: string, symbol: string | null, make: () => unknown) {
    this.key = key;
    this.symbol = symbol;
    this.#make = make;
  }

  get text(): string {
    this.#text ??= JSON.stringify(this.#make());
    return this.#text;
  }
}

/** A message with these, as bytes that any number of sockets may share. The overview is one object, all else an array. */
export function messageOf(channel: StreamChannel, items: readonly Item[]): Buffer {
  const texts = items.map(({ text }) => text).join(',');
  const data = channel === 'overview' ? texts : `[${texts}]`;
  return Buffer.from(`{"type":"${CHANNEL_KINDS[channel].type}","data":${data}}`);
}
