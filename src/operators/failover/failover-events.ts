import type { Observable } from 'rxjs';
import type { SwitchReason } from './failover-decision.ts';

/** Events that a source of `failover` emits, in order: its values and its health. */
export type SourceEvent<T> =
  /**
   * A value of one key. `at` is the time of receipt, in any unit and by any clock that all sources share. `late`: the
   * value was received earlier and held until now, so it does not prove that the source delivers.
   */
  | { readonly kind: 'value'; readonly key: string; readonly at: number; readonly value: T; readonly late?: true }
  /** The source can deliver. */
  | { readonly kind: 'connected' }
  /** The source has no connection left, or an attempt to connect failed. `blocked`: a retry cannot succeed. */
  | { readonly kind: 'disconnected'; readonly blocked: boolean }
  /** Data should come and does not. */
  | { readonly kind: 'stale' }
  /** Data comes again. */
  | { readonly kind: 'recovered' }
  /** Whether the source has this key at all. Default: a source has every key. */
  | { readonly kind: 'serves'; readonly key: string; readonly serves: boolean };

/** An event of any other kind. `failover` passes it on unchanged. */
export interface OtherEvent {
  readonly kind: string;
}

/** One source of `failover`: its id and its events. */
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

/** Type guard for the events that `failover` handles. `failover` passes all other events on unchanged. */
export function isSourceEvent<T>(event: SourceEvent<T> | OtherEvent): event is SourceEvent<T> {
  return event.kind === 'value' || SOURCE_KINDS.has(event.kind);
}

/** Events that `failover` emits. */
export type FailoverEvent<T> =
  /** A value of the source that serves its key. `held`: it was received before the switch. */
  | {
      readonly kind: 'value';
      readonly source: string;
      readonly key: string;
      readonly epoch: number;
      readonly value: T;
      readonly held: boolean;
    }
  /**
   * Another source serves all keys (`key` is null), or one key that the active source lacks or has again. `back`: true
   * if `reason` is `preferred_again`.
   */
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
