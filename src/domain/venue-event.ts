import type { Fault } from './fault.ts';
import type { DataWarning, MarketEvent } from './market-event.ts';

/** One message as it came from a socket, before it is decoded. */
export interface RawFrame {
  readonly data: Uint8Array;
  /** True for a binary frame; venues send text. */
  readonly binary: boolean;
  /** Microseconds since 1970, wall clock, taken in the socket's message event. */
  readonly receivedAt: number;
}

/** The market data of one frame, all of one symbol; `value` is empty when the frame only repeats what the connection sent before. */
export interface MarketFrame {
  readonly kind: 'value';
  /** The canonical symbol. */
  readonly key: string;
  /** When the frame was received, microseconds since 1970. */
  readonly at: number;
  readonly value: readonly MarketEvent[];
  readonly warning?: DataWarning;
}

export type ClosingReason = 'server_shutdown' | 'maintenance' | 'lifetime';

/** The venue will close this connection, or is expected to: open another one first. */
export interface ConnectionClosing {
  readonly kind: 'closing';
  readonly reason: ClosingReason;
  /** The venue's own words. */
  readonly details?: Readonly<Record<string, string>>;
}

/**
 * Market data of a venue, or something that happened to a connection. `value`, `connected`, `disconnected` and `serves`
 * have the shape that operator `failover` takes.
 */
export type VenueEvent =
  | MarketFrame
  /** The socket is open; nothing is subscribed yet. */
  | { readonly kind: 'connected'; readonly url: string }
  /** The connection ended or could not be made; the error follows. `blocked`: the venue refuses this region. */
  | { readonly kind: 'disconnected'; readonly blocked: boolean; readonly fault: Fault }
  /** One of an adapter's connections is over, and others go on without its symbols. */
  | { readonly kind: 'failed'; readonly symbols: readonly string[]; readonly fault: Fault }
  /** False: the venue does not serve this symbol here, because it refused it or the symbol's connection is over. */
  | { readonly kind: 'serves'; readonly key: string; readonly serves: boolean }
  /** The socket answers: acknowledgement or pong. Not data. */
  | { readonly kind: 'answered'; readonly what: 'ack' | 'pong' }
  | { readonly kind: 'subscribed'; readonly topics: readonly string[] }
  | { readonly kind: 'refused'; readonly topics: readonly string[]; readonly fault: Fault }
  /** A frame that could not be read. It belongs to the dead letters and disturbs nothing. */
  | {
      readonly kind: 'malformed';
      readonly frame: RawFrame;
      readonly fault: Fault;
      /** The canonical symbol, if the frame tells that much. */
      readonly symbol?: string;
    }
  /** A well-formed frame that nobody asked for; counted by reason. */
  | { readonly kind: 'ignored'; readonly reason: string }
  | ConnectionClosing;
