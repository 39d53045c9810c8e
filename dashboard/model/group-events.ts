import type { StatusJson } from '../../src/gateway/api/record-schema.ts';

/** Events of the same state that happened to several coins or lines of a venue at about the same time. */
export interface EventGroup {
  readonly newest: StatusJson;
  readonly count: number;
  /** The coins of the events, each once. */
  readonly coins: readonly string[];
}

const TOGETHER_MS = 3000;

/** Groups `events` (oldest first) into at most `most` groups, newest first. */
export function groupEvents(events: readonly StatusJson[], most: number): readonly EventGroup[] {
  const groups: { newest: StatusJson; count: number; coins: string[] }[] = [];
  for (const event of events.toReversed()) {
    const group = groups.find(
      ({ newest }) =>
        newest.state === event.state &&
        newest.venue === event.venue &&
        (newest.coin === null) === (event.coin === null) &&
        newest.timestamp - event.timestamp <= TOGETHER_MS,
    );
    if (group !== undefined) {
      group.count++;
      if (event.coin !== null && !group.coins.includes(event.coin)) group.coins.push(event.coin);
    } else if (groups.length < most) {
      groups.push({ newest: event, count: 1, coins: event.coin === null ? [] : [event.coin] });
    } else break;
  }
  return groups;
}
