import { NO_FACTS } from '../../src/domain/venue-state.ts';
import type { InstanceSpanAnswer } from '../../src/gateway/api/feed-answers.ts';
import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

/** A time in which status records of an instance of the feed came without a break. */
export type InstanceSpan = InstanceSpanAnswer;

/** A heartbeat is due each second. After a longer silence nothing is known of the feed, milliseconds. */
const SILENCE_MS = 3000;

/** The first record of a new instance has at most this sequence number: the first ones may be missed. */
const FIRST_SEQUENCE = 3;
const SPANS_KEPT = 500;

/** True for one of an instance's first records. */
export function isOfStart({ sequence }: Pick<StatusJson, 'sequence'>): boolean {
  return sequence <= FIRST_SEQUENCE;
}

export function spanOf(record: StatusJson): InstanceSpan {
  const { instance, timestamp, state } = record;
  return { instance, from: timestamp, to: timestamp, started: isOfStart(record), stopped: state === 'stopped' };
}

/** Adds spans to the known ones: spans of an instance become one if less than 3 s lie between them. Oldest first. */
export function mergeSpans(known: readonly InstanceSpan[], more: readonly InstanceSpan[]): readonly InstanceSpan[] {
  const merged: InstanceSpan[] = [];
  const lastOf = new Map<string, number>();
  for (const span of [...known, ...more].sort((a, b) => a.from - b.from)) {
    const at = lastOf.get(span.instance);
    const last = at === undefined ? undefined : merged[at];
    if (at === undefined || last === undefined || span.from - last.to >= SILENCE_MS) {
      lastOf.set(span.instance, merged.push(span) - 1);
    } else {
      const { from, started } = last;
      const stopped = last.stopped || span.stopped;
      merged[at] = { instance: span.instance, from, to: Math.max(last.to, span.to), started, stopped };
    }
  }
  return merged.slice(-SPANS_KEPT);
}

/** Extends the spans that reach the present to `to`: their next heartbeat is not due yet. */
export function untilNow(spans: readonly InstanceSpan[], to: number): readonly InstanceSpan[] {
  return spans.map((span) => (!span.stopped && to > span.to && to - span.to < SILENCE_MS ? { ...span, to } : span));
}

/** The events of the feed's own life: started, back after a silence, lost. `spans` reach to the present. */
export function lifeEvents(spans: readonly InstanceSpan[], to: number): readonly StatusJson[] {
  return spans.flatMap((span, at) => {
    const previous = spans.slice(0, at).findLast(({ instance }) => instance === span.instance);
    const events: StatusJson[] = [];
    if (previous !== undefined) events.push(lifeEvent('feed_back', span.instance, span.from));
    else if (span.started) events.push(lifeEvent('feed_started', span.instance, span.from));
    const continues = span.to >= to || spans.some((other) => other.from <= span.to && other.to > span.to);
    if (!span.stopped && !continues) events.push(lifeEvent('feed_lost', span.instance, span.to));
    return events;
  });
}

const REASONS = {
  feed_started: 'a new instance of the feed',
  feed_back: 'heartbeats come again',
  feed_lost: 'no heartbeat since then',
} as const;

function lifeEvent(state: keyof typeof REASONS, instance: string, timestamp: number): StatusJson {
  return {
    sequence: -timestamp,
    state,
    reason: REASONS[state],
    ...NO_FACTS,
    active_venue: null,
    instance,
    timestamp,
    environment: 'production',
  };
}
