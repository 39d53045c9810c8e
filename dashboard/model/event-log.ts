import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

/** Number of kept events: enough for the timeline of a feed with many problems. The list shows fewer. */
const MOST = 600;

/**
 * Adds events to the log, without heartbeats: oldest first, each once, because REST and the socket may overlap. Only
 * the newest events are kept.
 */
export function mergeEvents(known: readonly StatusJson[], more: readonly StatusJson[]): readonly StatusJson[] {
  const seen = new Set(known.map(statusKey));
  const added = more.filter((event) => {
    if (event.state === 'heartbeat' || seen.has(statusKey(event))) return false;
    seen.add(statusKey(event));
    return true;
  });
  if (added.length === 0) return known;
  return [...known, ...added].sort(byTime).slice(-MOST);
}

export function statusKey({ instance, sequence }: StatusJson): string {
  return `${instance} ${sequence}`;
}

function byTime(a: StatusJson, b: StatusJson): number {
  return a.timestamp - b.timestamp || a.sequence - b.sequence;
}
