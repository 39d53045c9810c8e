import type { SchedulerLike } from 'rxjs';
import {
  FUNCTION,
  isListOf,
  isOneOf,
  MS,
  OBSERVABLE,
  type OptionRules,
  objectWith,
  required,
  requireOptions,
  SCHEDULER,
  TEXT,
} from '../check-option.ts';
import type { FailoverTiming } from './failover-decision.ts';
import type { FailoverSource, OtherEvent } from './failover-events.ts';

/** Options of `failover`. */
export interface FailoverOptions<T> extends FailoverTiming {
  /**
   * Id of the source to wait for at the start, until it fails. If it is the first to serve, the values that came before
   * it served are emitted as `held`. Default: waits for the first source in the list, and drops such values.
   */
  readonly startWith?: string;
  /** How long values of a source that does not serve are kept for a switch, in the unit of `at`. */
  readonly ringSpan: number;
  /** Returns true for the values to keep for a switch. Default: all. */
  readonly keepInRing?: (value: T) => boolean;
  /**
   * Returns the number of a key's new epoch at a source, greater than the key's previous one. Default: each key counts
   * from 1.
   */
  readonly nextEpoch?: (key: string, source: string) => number;
  /**
   * Returns whether this source continues a key where a previous run ended. If so, all its kept values of the key are
   * emitted, as `held`. Called before a switch is emitted, for keys that no source has served yet. Default: false.
   */
  readonly canResume?: (key: string, source: string) => boolean;
  /**
   * Called when `canResume` is true for a key, and a kept value of it became too old and was dropped. From then on,
   * `canResume` must return false for the key at this source.
   */
  readonly onLapsed?: (key: string, source: string) => void;
  /** The source of time. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

const RULES: OptionRules<FailoverOptions<unknown>> = {
  graceMs: required(MS),
  failBackAfterMs: required(MS),
  connectTimeoutMs: required(MS),
  startWith: TEXT,
  ringSpan: required([MS[0], 'a number of 0 or more, in the unit of at']),
  keepInRing: FUNCTION,
  nextEpoch: FUNCTION,
  canResume: FUNCTION,
  onLapsed: FUNCTION,
  scheduler: SCHEDULER,
};
const [isObject] = objectWith('', {});
const SOURCES = 'at least one source, each with id and events$';

/** Checks the arguments of `failover`. @throws TypeError that names the first wrong one */
export function checkFailover(
  sources: readonly FailoverSource<unknown, OtherEvent>[],
  options: FailoverOptions<never>,
): void {
  requireOptions('failover', options, RULES);
  requireOptions('failover', { sources }, { sources: required([isListOf(isObject), SOURCES]) });
  const ids: string[] = [];
  for (const [index, { id, events$ }] of sources.entries()) {
    const name = `sources[${index}]`;
    requireOptions(
      'failover',
      { [`${name}.id`]: id, [`${name}.events$`]: events$ },
      {
        [`${name}.id`]: required(TEXT),
        [`${name}.events$`]: required(OBSERVABLE),
      },
    );
    if (ids.includes(id))
      throw new TypeError(`failover: ${name}.id is "${id}", allowed: an id that no other source has`);
    ids.push(id);
  }
  const { startWith } = options;
  requireOptions('failover', { startWith }, { startWith: [isOneOf(ids), ids.join(', ')] });
}
