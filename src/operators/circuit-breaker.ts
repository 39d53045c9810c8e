import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { createAlarm } from './alarm.ts';
import { FLAG, MS, type OptionRules, objectWith, required, requireOptions, SCHEDULER } from './check-option.ts';
import { listen } from './listen.ts';

/** Reports whether one condition is good now. */
export interface ConditionReport<S extends string> {
  readonly source: S;
  readonly ok: boolean;
  /** Why the condition is bad. Not used if it is good. */
  readonly reason?: string;
}

/** Limits of one condition of `circuitBreaker`. */
export interface ConditionOptions {
  /** The condition is bad after this time without a report, milliseconds. Default: no limit. */
  readonly maxSilenceMs?: number;
}

/** Options of `circuitBreaker`. */
export interface CircuitBreakerOptions<S extends string> {
  /** All conditions that must be good, by name. The reasons have the same order. */
  readonly sources: Readonly<Record<S, ConditionOptions>>;
  /** How long all conditions must stay good before a halt ends, milliseconds. */
  readonly resumeAfterMs: number;
  /** The source of time. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

const CONDITION_RULES: OptionRules<ConditionOptions> = { maxSilenceMs: MS };
const REPORT_RULES = { ok: required(FLAG) };

/** Whether the consumer may act, and why not. */
export interface BreakerDecision {
  readonly state: 'allowed' | 'halted';
  /**
   * `ok`, `starting` (not every source has reported yet), `ended` (the reports have completed), or the bad sources.
   * Each bad source is `SOURCE: REASON`, or `SOURCE` if it gave no reason; `; ` joins them. The last reason stays until
   * the halt ends.
   */
  readonly reason: string;
  /** When this state began, by the scheduler, milliseconds. */
  readonly since: number;
}

interface Condition {
  readonly source: string;
  readonly maxSilenceMs: number;
  reportedAt: number;
  state: 'unknown' | 'good' | 'bad';
  reason: string | undefined;
}

/**
 * Combines reports on several conditions into one decision: halt if any is bad, allow once all stay good for a while.
 *
 * <span class="informal">Fast to stop, slow to start again.</span>
 *
 * ```
 * source   -a-b---x--a-----      a, b: good; x: a is bad
 *          circuitBreaker({ sources: { a: {}, b: {} }, resumeAfterMs: 4 })
 * result   s--o---h------p-      s: halted, starting; o, p: allowed; h: halted, a: REASON
 * ```
 *
 * - **next**: `halted` with the reason `starting` at the subscription. Then a decision each time the state or the
 *   reason changes.
 * - **error**: the source's error; a `RangeError` for a report of a source that is not listed; a `TypeError` for a
 *   report whose `ok` is not true or false.
 * - **complete**: when the source completes. Right before, it emits `halted` with the reason `ended`, because nothing
 *   reports any more.
 *
 * At the start, the decision is `allowed` as soon as every source has reported that it is good. After a source was bad,
 * all must stay good for `resumeAfterMs`. A source is bad with the reason `silence` if it has not reported for its
 * `maxSilenceMs`. This time counts from its last report, at first from the subscription.
 *
 * @example
 * import { from } from 'rxjs';
 * import { circuitBreaker, type ConditionReport } from 'market-feed/operators';
 *
 * const reports: ConditionReport<'feed' | 'lag'>[] = [
 *   { source: 'feed', ok: true },
 *   { source: 'lag', ok: true },
 *   { source: 'lag', ok: false, reason: '3200 ms' },
 * ];
 * from(reports)
 *   .pipe(circuitBreaker({ sources: { feed: { maxSilenceMs: 3000 }, lag: {} }, resumeAfterMs: 5000 }))
 *   .subscribe(({ state, reason }) => console.log(state, reason));
 * // halted starting
 * // allowed ok
 * // halted lag: 3200 ms
 * // halted ended
 */
export function circuitBreaker<S extends string>(
  options: CircuitBreakerOptions<S>,
): OperatorFunction<ConditionReport<S>, BreakerDecision> {
  requireOptions('circuitBreaker', options, rulesFor(options));
  const { resumeAfterMs, scheduler = asyncScheduler } = options;
  const limits = Object.entries<ConditionOptions>(options.sources);

  return (reports) =>
    new Observable((subscriber) => {
      const startedAt = scheduler.now();
      const conditions = limits.map(
        ([source, { maxSilenceMs = Number.POSITIVE_INFINITY }]): Condition => ({
          source,
          maxSilenceMs,
          reportedAt: startedAt,
          state: 'unknown',
          reason: undefined,
        }),
      );
      const bySource = new Map(conditions.map((condition) => [condition.source, condition]));

      let decision: BreakerDecision = { state: 'halted', reason: 'starting', since: startedAt };
      let wasBad = false;
      let goodSince: number | undefined;

      const decide = (state: BreakerDecision['state'], reason: string, now: number): void => {
        if (state === decision.state && reason === decision.reason) return;
        decision = { state, reason, since: state === decision.state ? decision.since : now };
        subscriber.next(decision);
      };

      const judge = (): void => {
        const now = scheduler.now();
        const bad: string[] = [];
        let unknown = false;
        let nextAt = Number.POSITIVE_INFINITY;
        for (const condition of conditions) {
          const silentAt = condition.reportedAt + condition.maxSilenceMs;
          if (now >= silentAt) {
            bad.push(`${condition.source}: silence`);
            continue;
          }
          nextAt = Math.min(nextAt, silentAt);
          if (condition.state === 'unknown') unknown = true;
          if (condition.state === 'bad') {
            bad.push(condition.reason === undefined ? condition.source : `${condition.source}: ${condition.reason}`);
          }
        }

        if (bad.length > 0) {
          wasBad = true;
          goodSince = undefined;
          decide('halted', bad.join('; '), now);
        } else if (unknown) {
          goodSince = undefined;
        } else if (decision.state === 'halted') {
          goodSince ??= now;
          const resumeAt = wasBad ? goodSince + resumeAfterMs : now;
          if (now >= resumeAt) decide('allowed', 'ok', now);
          else nextAt = Math.min(nextAt, resumeAt);
        }
        alarm.by(nextAt);
      };

      const alarm = createAlarm(subscriber, scheduler, judge);
      subscriber.next(decision);
      listen(reports, subscriber, {
        next({ source, ok, reason }) {
          const condition = bySource.get(source);
          if (condition === undefined) throw new RangeError(`circuitBreaker: ${source} is not among its sources`);
          if (typeof ok !== 'boolean') requireOptions('circuitBreaker', { ok }, REPORT_RULES);
          condition.reportedAt = scheduler.now();
          condition.state = ok ? 'good' : 'bad';
          condition.reason = reason;
          judge();
        },
        complete() {
          decide('halted', 'ended', scheduler.now());
          subscriber.complete();
        },
      });
      judge();
    });
}

/** The rules of the options; each name among the sources may have limits. */
function rulesFor(options: unknown): OptionRules<CircuitBreakerOptions<string>> {
  const sources: unknown = Object(Object(options).sources);
  const names = Object.keys(Object(sources));
  const limits = objectWith('an object with maxSilenceMs', CONDITION_RULES);
  const [isAllowed, , fields] = objectWith('', Object.fromEntries(names.map((name) => [name, required(limits)])));
  const allowed = 'an object with at least one source, each with its limits';
  return {
    sources: required([(value) => isAllowed(value) && names.length > 0, allowed, fields]),
    resumeAfterMs: required(MS),
    scheduler: SCHEDULER,
  };
}
