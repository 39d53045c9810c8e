import type { Environment } from '../domain/record.ts';

/** Why trading is halted: a cause for programs, and the facts for the text. */
export type Halt =
  /** One of the guard's sources ended, so the guard decides nothing more. */
  | { readonly cause: 'ended' }
  /** No heartbeat yet, or no price of the symbol; `anything`: no record at all about `of`. */
  | { readonly cause: 'starting'; readonly awaited: 'heartbeat' | 'price' | 'anything'; readonly of: string }
  /** There are heartbeats, but no instance of the feed speaks for the symbol. */
  | { readonly cause: 'not_served'; readonly symbol: string }
  /** The instance that speaks for the symbol has stopped. */
  | { readonly cause: 'feed_stopped' }
  /** The instance that speaks for the symbol has sent no heartbeat for longer than the limit. */
  | { readonly cause: 'status_silent'; readonly silentMs: number; readonly limitMs: number }
  /** A record is stamped further ahead of this machine's clock than two clocks may differ, so ages are not known. */
  | { readonly cause: 'clock'; readonly record: string; readonly aheadMs: number }
  /** The feed halted trading. */
  | { readonly cause: 'feed_halted'; readonly reason: string }
  /** The feed halted this symbol. */
  | { readonly cause: 'coin_halted'; readonly symbol: string }
  /** The symbol's instrument does not trade at the venue that serves it. */
  | { readonly cause: 'instrument_halted'; readonly symbol: string }
  /** The symbol's price is far from the prices of the other venues. `reason`: the feed's text; empty if it is not known. */
  | { readonly cause: 'price_disputed'; readonly symbol: string; readonly reason: string }
  /** The feed reports the symbol's order book as stale, and the consumer asked for books. */
  | { readonly cause: 'book_stale'; readonly symbol: string }
  /** The data is not production data. */
  | { readonly cause: 'test_data'; readonly from: Environment | 'active venue' }
  /** Another venue serves the symbol, and has sent no price yet. */
  | { readonly cause: 'venue_changed'; readonly symbol: string; readonly venue: string }
  /** The last price is older than the limit. */
  | { readonly cause: 'price_age'; readonly symbol: string; readonly limitMs: number }
  /** A gap was not repaired. */
  | { readonly cause: 'gap'; readonly symbol: string }
  /** This consumer lags behind the topics. */
  | { readonly cause: 'lag'; readonly lagMs: number }
  /** Everything is healthy, but not for long enough yet. */
  | { readonly cause: 'recovering'; readonly forMs: number };

/** The causes of a consumer's halt, for programs. */
export type HaltCause = Halt['cause'];

/** Why the feed itself does not allow trading. */
export type FeedHalt =
  | { readonly cause: 'no_venue' }
  | { readonly cause: 'test_data'; readonly from: 'active venue' }
  | { readonly cause: 'disconnected' | 'stale' | 'no_data'; readonly venue: string };

/** Returns the reason of a halt as a sentence for people. */
export function haltText(halt: Halt | FeedHalt): string {
  switch (halt.cause) {
    case 'ended':
      return 'the guard was closed or lost a source';
    case 'starting':
      if (halt.awaited === 'heartbeat') return 'the feed has sent no heartbeat yet';
      return halt.awaited === 'price' ? `no price of ${halt.of} came yet` : `nothing is known of ${halt.of} yet`;
    case 'not_served':
      return `no instance of the feed speaks for ${halt.symbol}`;
    case 'feed_stopped':
      return 'the feed has stopped';
    case 'status_silent':
      return `no heartbeat of the feed for ${halt.limitMs} ms`;
    case 'clock':
      return `${halt.record} is stamped ${Math.round(halt.aheadMs)} ms ahead of this machine's clock`;
    case 'feed_halted':
      return `the feed halted trading: ${halt.reason}`;
    case 'coin_halted':
      return `the feed reports ${halt.symbol} as stale`;
    case 'instrument_halted':
      return `${halt.symbol} does not trade at its venue`;
    case 'price_disputed':
      return halt.reason || `the price of ${halt.symbol} is far from the prices of the other venues`;
    case 'book_stale':
      return `the order book of ${halt.symbol} is stale`;
    case 'test_data':
      return halt.from === 'active venue' ? 'the testnet is the active venue' : `the data is ${halt.from}`;
    case 'venue_changed':
      return `no price of ${halt.symbol} at ${halt.venue} yet`;
    case 'price_age':
      return `the last price of ${halt.symbol} is older than ${halt.limitMs} ms`;
    case 'gap':
      return `trades of ${halt.symbol} are missing`;
    case 'lag':
      return `this consumer is ${Math.round(halt.lagMs)} ms behind`;
    case 'recovering':
      return `healthy again, for less than ${halt.forMs} ms`;
    case 'no_venue':
      return 'no venue serves yet';
    case 'disconnected':
      return `${halt.venue} is not connected`;
    case 'stale':
      return `${halt.venue} is stale`;
    case 'no_data':
      return `${halt.venue} has no data yet`;
  }
}
