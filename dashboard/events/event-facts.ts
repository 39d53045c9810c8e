import { clock } from '../text/time-text.ts';
import { plainReason } from './event-text.ts';
import type { EventGroup } from './group-events.ts';

/** A fact's name and text. */
type Fact = readonly [string, string];

const MOST_FACTS = 40;

/** The facts that an open row of the list shows, by name: an event's own, or one fact for each event of a group. */
export function factsOf(events: EventGroup['events']): readonly Fact[] {
  const [first] = events;
  if (events.length > 1) {
    const facts = events.slice(0, MOST_FACTS).map((event, at): Fact => {
      const who = [event.coin, event.line === null ? null : `line ${event.line}`].filter((part) => part !== null);
      return [`${at + 1}. ${clock(event.timestamp)}`, [...who, plainReason(event.reason)].join(' · ')];
    });
    const more = events.length - facts.length;
    return more === 0 ? facts : [...facts, ['…', `${more} more`]];
  }
  return [
    ['time', new Date(first.timestamp).toISOString()],
    ...Object.entries({ line: first.line, channel: first.channel, cause: first.cause, ...first.details })
      .filter(([, value]) => value !== null && value !== '')
      .map(([name, value]) => [name.replaceAll('_', ' '), plainReason(String(value))] as const),
    ['instance', first.instance],
  ];
}
