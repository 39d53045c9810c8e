import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

/** Number of kept events: as many as the gateway remembers. The list shows fewer. */
export const MOST_EVENTS = 8000;

/**
 * Adds events to the log, without heartbeats: oldest first, each once, because REST and the socket may overlap. Only
 * the newest events are kept.
 */
export function mergeEvents(known: readonly StatusJson[], more: readonly StatusJson[]): readonly StatusJson[] {
  const events = more.filter(({ state }) => state !== 'heartbeat');
  if (events.length === 0) return known;
  const seen = new Set(known.map(eventKey));
  const added = events.filter((event) => {
    if (seen.has(eventKey(event))) return false;
    seen.add(eventKey(event));
    return true;
  });
  if (added.length === 0) return known;
  return [...known, ...added].sort(byTime).slice(-MOST_EVENTS);
}

/** True if another venue began to serve. */
export function isSwitch({ state }: Pick<StatusJson, 'state'>): boolean {
  return state === 'failed_over' || state === 'failed_back';
}

export function eventKey({ instance, sequence, state }: Pick<StatusJson, 'instance' | 'sequence' | 'state'>): string {
  return `${instance} ${sequence} ${state}`;
}

function byTime(a: StatusJson, b: StatusJson): number {
  return a.timestamp - b.timestamp || a.sequence - b.sequence;
}
