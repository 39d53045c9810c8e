import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

/** Events of the same state that happened to several coins or lines of a venue at about the same time. */
export interface EventGroup {
  /** Oldest first. A group's time is that of its first event, so that a cause comes before its effects. */
  readonly events: readonly [StatusJson, ...StatusJson[]];
  /** The coins of the events, each once. */
  readonly coins: readonly string[];
}

const TOGETHER_MS = 3000;

/** Groups `events` (oldest first), newest group first. Leaves out what happens in each connection. */
export function groupEvents(events: readonly StatusJson[]): readonly EventGroup[] {
  const groups: { events: [StatusJson, ...StatusJson[]]; coins: string[] }[] = [];
  const open = new Map<string, (typeof groups)[number]>();
  for (const event of withoutRoutine(events)) {
    const { state, venue, coin, cause, timestamp } = event;
    const key = [state, venue, coin === null, state === 'feed_stale' && cause === 'quiet_market'].join(' ');
    const group = open.get(key);
    if (group !== undefined && timestamp - group.events[0].timestamp <= TOGETHER_MS) {
      group.events.push(event);
      if (coin !== null && !group.coins.includes(coin)) group.coins.push(coin);
    } else {
      const next = { events: [event] as [StatusJson], coins: coin === null ? [] : [coin] };
      open.set(key, next);
      groups.push(next);
    }
  }
  return groups.reverse();
}

/** A `connecting` that led to `connected` says nothing more, nor does `subscribed`. */
function withoutRoutine(events: readonly StatusJson[]): readonly StatusJson[] {
  const connected = new Set<string>();
  const kept: StatusJson[] = [];
  for (const event of events.toReversed()) {
    const { state, instance, venue, line, cause } = event;
    const key = `${instance} ${venue} ${line}`;
    if (state === 'connecting' && connected.delete(key)) continue;
    if (state === 'subscribed' && cause !== 'listed') continue;
    if (state === 'connected') connected.add(key);
    else if (state === 'disconnected') connected.delete(key);
    kept.push(event);
  }
  return kept.reverse();
}
