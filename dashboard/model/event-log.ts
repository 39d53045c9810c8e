import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

/** Enough for the timeline's minutes of a feed that is ill; the list shows fewer. */
const MOST = 600;

/** Adds events to the log: oldest first, each once, only the newest kept. REST and the socket may overlap. Heartbeats are left out. */
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
