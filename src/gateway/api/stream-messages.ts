import { type Static, Type } from 'typebox';
import type { Book } from './asset-answers.ts';
import type { CoinAnswer, Status } from './feed-answers.ts';
import { type ErrorAnswer, object, PriceStep } from './fields.ts';
import type { KlineJson, LargeTradeJson, PriceJson, StatusJson, TradeJson, TradeStatsJson } from './record-schema.ts';

/** The messages between WebSocket clients and the gateway. */

export const STREAM_CHANNELS = [
  'prices',
  'trades',
  'status',
  'overview',
  'overview_changes',
  'orderbook',
  'klines',
  'stats',
  'large_trades',
] as const;
export type StreamChannel = (typeof STREAM_CHANNELS)[number];

export const Subscription = object({
  op: Type.Unsafe<'subscribe' | 'unsubscribe'>(Type.Enum(['subscribe', 'unsubscribe'])),
  channel: Type.Unsafe<StreamChannel>(Type.Enum([...STREAM_CHANNELS])),
  /** Symbols or coins in any case, or `*` for all. Not needed for `status`, `overview` and `overview_changes`. */
  symbols: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { minItems: 1, maxItems: 1000 })),
  /** Only for `orderbook`: the price step in which levels are summed, for all symbols of the channel. */
  step: Type.Optional(PriceStep),
});
export type Subscription = Static<typeof Subscription>;

/** How many items of a channel and symbol a client missed since the last `missed` message about them. */
export interface Missed {
  readonly channel: StreamChannel;
  /** Absent if the channel is about the whole feed. */
  readonly symbol?: string;
  readonly count: number;
}

/**
 * The fields of the overview that changed. The first message has all fields. Apply them in order: replace each field; in
 * `coins`, cut the list to `coin_count`, then replace the fields of the coin at each `index`.
 */
export interface OverviewChanges extends Partial<Omit<Status, 'coins'>> {
  readonly coin_count: number;
  readonly coins: readonly ({ readonly index: number } & Partial<CoinAnswer>)[];
}

/** A message to a WebSocket client. `data` may be an array, oldest first. */
export type ServerMessage =
  | { readonly type: 'price'; readonly data: PriceJson | readonly PriceJson[] }
  | { readonly type: 'trade'; readonly data: TradeJson | readonly TradeJson[] }
  | { readonly type: 'status'; readonly data: StatusJson | readonly StatusJson[] }
  | { readonly type: 'overview'; readonly data: Status }
  | { readonly type: 'overview_changes'; readonly data: OverviewChanges }
  | { readonly type: 'orderbook'; readonly data: Book | readonly Book[] }
  | { readonly type: 'kline'; readonly data: KlineJson | readonly KlineJson[] }
  | { readonly type: 'stats'; readonly data: TradeStatsJson | readonly TradeStatsJson[] }
  | { readonly type: 'large_trade'; readonly data: LargeTradeJson | readonly LargeTradeJson[] }
  | { readonly type: 'missed'; readonly data: Missed }
  | { readonly type: 'error'; readonly data: ErrorAnswer };
