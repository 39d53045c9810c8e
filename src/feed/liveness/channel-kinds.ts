import type { Channel } from '../../domain/instrument.ts';
import type { MarketEvent } from '../../domain/market-event.ts';

/** The kind of a channel's data. Channels of one kind are judged together. */
export type ChannelKind = MarketEvent['kind'];

export function kindOf(channel: Channel): ChannelKind {
  switch (channel) {
    case 'trade':
    case 'agg_trade':
    case 'ticker':
    case 'book_ticker':
      return channel;
    case 'mini_ticker':
      return 'ticker';
    default:
      return channel.startsWith('depth') ? 'book_update' : 'kline';
  }
}
