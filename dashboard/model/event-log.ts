import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

/** Enough for the timeline's minutes of a feed that is ill; the list shows fewer. */
const MOST = 600;

/** Adds events to the log: oldest first, each once, only the newest kept. REST and the socket may overlap. Heartbeats are left out. */
export function mergeEvents(known: readonly StatusJson[], more: readonly StatusJson[]): readonly StatusJson[] {
  const seen = new Set(known.map(keyOf));
  const added = more.filter((event) => {
    if (event.state === 'heartbeat' || seen.has(keyOf(event))) return false;
    seen.add(keyOf(event));
    return true;
  });
  if (added.length === 0) return known;
  return [...known, ...added].sort(byTime).slice(-MOST);
}

export function keyOf({ instance, sequence }: StatusJson): string {
  return `${instance} ${sequence}`;
}

function byTime(a: StatusJson, b: StatusJson): number {
  return a.timestamp - b.timestamp || a.sequence - b.sequence;
}
