import type { Fault } from './fault.ts';
import type { DataWarning, MarketEvent } from './market-event.ts';

/** A WebSocket message before it is decoded. */
export interface RawFrame {
  readonly data: Uint8Array;
  readonly binary: boolean;
  /** When the socket emitted it: microseconds since 1970, wall clock. */
  readonly receivedAt: number;
}

/**
 * The market data of one frame, all of one symbol. `value` is empty if the frame only repeats earlier data, or if the
 * market has no price yet.
 */
export interface MarketFrame {
  readonly kind: 'value';
  /** The canonical symbol. */
  readonly key: string;
  /** Time of receipt, microseconds since 1970. */
  readonly at: number;
  readonly value: readonly MarketEvent[];
  readonly warning?: DataWarning;
}

/**
 * Why a connection must be replaced. `channel_mute`: one of its channels has no data. `late`: its data arrives too
 * late.
 */
export type ClosingReason = 'server_shutdown' | 'maintenance' | 'lifetime' | 'channel_mute' | 'late';

/**
 * Announces that this connection must be replaced, for example because the venue will close it: open another one first.
 */
export interface ConnectionClosing {
  readonly kind: 'closing';
  readonly reason: ClosingReason;
  /** The venue's own words. */
  readonly details?: Readonly<Record<string, string>>;
}

/** Market data, or an event of a connection. Includes the events that `failover` takes from its sources. */
export type VenueEvent =
  | MarketFrame
  /** The socket is open; nothing is subscribed yet. */
  | { readonly kind: 'connected'; readonly url: string }
  /** The connection ended or failed; the Observable then errors. `blocked`: the venue refuses this region. */
  | { readonly kind: 'disconnected'; readonly blocked: boolean; readonly fault: Fault }
  /** One connection of an adapter ended; the others continue without its symbols. */
  | { readonly kind: 'failed'; readonly symbols: readonly string[]; readonly fault: Fault }
  /** False: the venue rejected the symbol, or the symbol's connection ended. */
  | { readonly kind: 'serves'; readonly key: string; readonly serves: boolean }
  /** The socket answers: acknowledgement or pong. Not data. */
  | { readonly kind: 'answered'; readonly what: 'ack' | 'pong' }
  | { readonly kind: 'subscribed'; readonly topics: readonly string[] }
  | { readonly kind: 'refused'; readonly topics: readonly string[]; readonly fault: Fault }
  | MalformedData
  /** A well-formed frame that we did not ask for, or a breach of the protocol; counted by reason. */
  | { readonly kind: 'ignored'; readonly reason: string }
  | ConnectionClosing;

/** A frame, or a row of a REST answer, that could not be read. It goes to the dead letters. */
export interface MalformedData {
  readonly kind: 'malformed';
  readonly frame: RawFrame;
  readonly fault: Fault;
  /** The canonical symbol, if the data names it. */
  readonly symbol?: string;
}
