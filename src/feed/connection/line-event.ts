import type { ConnectionClosing, MarketFrame, VenueEvent } from '../../domain/venue-event.ts';
import type { ConnectionPlan } from '../../venues/connection/plan-connections.ts';
import type { ExplainedSilence } from '../liveness/explain-stale.ts';
import type { ConnectionLoss } from './keep-connecting.ts';

/** What a connection emits that is opened again after each loss, and what happens in between. */
export type LineSignal =
  | VenueEvent
  | { readonly kind: 'connecting' }
  /**
   * The connection ended or could not be made; the next attempt follows after `retryInMs`, or `successor` says that
   * another connection has taken its place.
   */
  | (ConnectionLoss & { readonly kind: 'lost'; readonly successor?: true })
  | ExplainedSilence;

/** The new connection of a line has taken over, and the old one is about to be closed: nothing was missed between them. */
export interface HandedOver {
  readonly kind: 'cut_over';
  readonly from: number;
  readonly notice: ConnectionClosing;
  /** Since the rotation began. */
  readonly durationMs: number;
}

export type LineEvent = LineFrame | LineChange;

/** Market data of a line, and by which of its connections it came. */
export interface LineFrame {
  readonly kind: 'frame';
  readonly connection: number;
  readonly frame: MarketFrame;
}

export interface LineChange {
  readonly kind: 'change';
  readonly line: { readonly number: number; readonly plan: ConnectionPlan; readonly topics: ReadonlySet<string> };
  readonly connection: { readonly id: number; hasAll(topics: Iterable<string>): boolean };
  /** True for a new connection that has not taken over yet. */
  readonly successor: boolean;
  readonly signal: Exclude<LineSignal, MarketFrame | ConnectionClosing> | HandedOver;
  /** With `lost`: the connection had been open. */
  readonly wasUp: boolean;
  /** With `refused`: the topics that were not refused before. */
  readonly newlyRefused: readonly string[];
}
