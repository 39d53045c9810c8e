import type { Observable } from 'rxjs';
import type { SwitchReason } from './failover-decision.ts';

/** What a source of `failover` emits, in order: values and its health. */
export type SourceEvent<T> =
  /**
   * A value of one key; `at` is when it was received, in any unit that rises with time and is the same for all sources.
   * `late`: it was received earlier and kept back till now, so it is no sign that the source delivers.
   */
  | { readonly kind: 'value'; readonly key: string; readonly at: number; readonly value: T; readonly late?: true }
  | { readonly kind: 'connected' }
  /** Nothing of the source is connected any more, or an attempt failed; `blocked`: it will not be had from here. */
  | { readonly kind: 'disconnected'; readonly blocked: boolean }
  /** Data should come and does not. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'recovered' }
  /** Whether the source has this key at all; by default it has. */
  | { readonly kind: 'serves'; readonly key: string; readonly serves: boolean };

/** An event of a kind that `failover` does not know. */
export interface OtherEvent {
  readonly kind: string;
}

export interface FailoverSource<T, E extends OtherEvent = never> {
  readonly id: string;
  readonly events$: Observable<SourceEvent<T> | E>;
}

const SOURCE_KINDS: ReadonlySet<string> = new Set<SourceEvent<unknown>['kind']>([
  'value',
  'connected',
  'disconnected',
  'stale',
  'recovered',
  'serves',
]);

/** False: the event is of another kind, and passed on as it is. */
export function isSourceEvent<T>(event: SourceEvent<T> | OtherEvent): event is SourceEvent<T> {
  return event.kind === 'value' || SOURCE_KINDS.has(event.kind);
}

export type FailoverEvent<T> =
  /** `held`: received before the switch, from the ring. */
  | {
      readonly kind: 'value';
      readonly source: string;
      readonly key: string;
      readonly epoch: number;
      readonly value: T;
      readonly held: boolean;
    }
  /** Another source serves: all keys, or one key that the active source does not have and that was served before. */
  | {
      readonly kind: 'switched';
      readonly from: string | null;
      readonly to: string;
      readonly reason: SwitchReason | 'not_served';
      readonly key: string | null;
      readonly back: boolean;
    }
  /** A new epoch of a key begins; its first value follows. */
  | { readonly kind: 'epoch'; readonly source: string; readonly key: string; readonly epoch: number };
