import type { ConnectionClosing, MarketFrame, VenueEvent } from '../../domain/venue-event.ts';
import type { ConnectionPlan } from '../../venues/connection/plan-connections.ts';
import type { Staleness } from '../liveness/explain-stale.ts';
import type { ConnectionLoss } from './keep-connecting.ts';
import type { LineTopics } from './line-topics.ts';

/** A connection's events, over all its reconnects. */
export type ConnectionEvent =
  | VenueEvent
  | { readonly kind: 'connecting' }
  /** The connection ended or could not open. The next attempt follows, unless a `successor` took over. */
  | (ConnectionLoss & { readonly kind: 'lost'; readonly successor?: true })
  | Staleness;

/** A line's new connection took over without a gap. The old one is about to close. */
export interface CutOver {
  readonly kind: 'cut_over';
  readonly from: number;
  readonly notice: ConnectionClosing;
  /** Milliseconds since the new connection began to open. */
  readonly durationMs: number;
}

/** `connection`: the id of the connection that received the frame. */
export type LineEvent =
  | { readonly kind: 'frame'; readonly connection: number; readonly frame: MarketFrame }
  | LineChange;

export interface LineChange {
  readonly kind: 'change';
  readonly line: {
    readonly number: number;
    readonly plan: ConnectionPlan;
    readonly topics: Pick<LineTopics, 'wanted'>;
  };
  readonly connection: { readonly id: number; hasAll(topics: Iterable<string>): boolean };
  /** True for a new connection that has not taken over yet. */
  readonly successor: boolean;
  readonly event: Exclude<ConnectionEvent, MarketFrame | ConnectionClosing> | CutOver;
  /** For `lost`: true if the connection had been open. */
  readonly wasUp: boolean;
  /** For `refused`: the topics that were not refused before. */
  readonly newlyRefused: readonly string[];
}
