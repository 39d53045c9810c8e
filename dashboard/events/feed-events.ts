import { batch, computed, signal } from '@preact/signals';
import type { Events } from '../../src/gateway/api/feed-answers.ts';
import type { StatusJson } from '../../src/gateway/api/record-schema.ts';
import { knownUntil, statusAt } from '../feed/presence.ts';
import { getJson } from '../link/get-json.ts';
import { onFrame } from '../page/on-frame.ts';
import { feedTime } from '../page/page-clock.ts';
import { type InstanceSpan, lifeEvents, mergeSpans, spanOf, untilNow } from '../timeline/instance-spans.ts';
import { eventKey, MOST_EVENTS, mergeEvents } from './event-log.ts';

/** The feed's events, oldest first, without heartbeats. */
export const events = signal<readonly StatusJson[]>([]);
/** True after the gateway's first answer with past events. */
export const isPastKnown = signal(false);
/** When instances of the feed were alive, oldest first. */
const spans = signal<readonly InstanceSpan[]>([]);
/** Since when no event of the feed and its venues is missing, milliseconds since 1970; null: not known. */
const completeSince = signal<number | null>(null);

/** True if no instance was alive at the last overview. Without overviews, the page cannot know. */
const isLost = computed(() => {
  const to = feedTime(statusAt.value);
  return untilNow(spans.value, to).every((span) => span.to < to);
});
let lifeBefore: readonly StatusJson[] = [];
const life = computed(() => {
  const to = isLost.value ? Number.POSITIVE_INFINITY : Math.max(...spans.value.map((span) => span.to));
  const next = lifeEvents(spans.value, to);
  const isSame = next.map(eventKey).join() === lifeBefore.map(eventKey).join();
  if (!isSame) lifeBefore = next;
  return lifeBefore;
});
/** The events, with those of the feed's life: started, lost, back. */
export const allEvents = computed(() => mergeEvents(events.value, life.value));

/** What the timeline shows. */
export const past = computed(() => ({
  events: allEvents.value,
  spans: spans.value,
  completeSince: completeSince.value,
  knownUntil: knownUntil.value,
}));

let waiting: StatusJson[] = [];
const paint = onFrame(() => {
  addEvents(waiting);
  spans.value = mergeSpans(spans.peek(), waiting.map(spanOf));
  waiting = [];
});

/** Takes status records of the WebSocket. */
export function receiveStatus(records: readonly StatusJson[]): void {
  waiting = [...waiting, ...records].slice(-MOST_EVENTS);
  paint();
}

/** Fetches the events that this page may have missed while it was not connected. */
export async function loadEvents(): Promise<void> {
  const lostAt = spans.peek().at(-1)?.to ?? 0;
  const [ofFeed, newest] = await Promise.all([
    getJson<Events>('/api/events?symbols=false&limit=4000'),
    getJson<Events>('/api/events?limit=500'),
  ]);
  batch(() => {
    if (newest !== undefined || ofFeed !== undefined) isPastKnown.value = true;
    if (newest !== undefined) addEvents(newest.events);
    if (ofFeed === undefined) return;
    addEvents(ofFeed.events);
    spans.value = mergeSpans(spans.peek(), ofFeed.instance_spans);
    completeSince.value = knownSince(completeSince.peek(), ofFeed.complete_since, lostAt);
  });
}

/** An instance that lived on while the page was not connected may have events that neither page nor gateway knows. */
function knownSince(known: number | null, ofGateway: number | null, lostAt: number): number | null {
  if (known === null || ofGateway === null) return known ?? ofGateway;
  const mayMiss = ofGateway > lostAt && spans.peek().some(({ from, to }) => from <= lostAt && to >= ofGateway);
  return mayMiss ? ofGateway : Math.min(known, ofGateway);
}

function addEvents(records: readonly StatusJson[]): void {
  events.value = mergeEvents(events.peek(), records);
  const [first] = events.value;
  if (events.value.length < MOST_EVENTS || first === undefined) return;
  completeSince.value = Math.max(completeSince.peek() ?? 0, first.timestamp);
}
