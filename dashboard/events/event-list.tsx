import { duration } from '../../src/domain/duration.ts';
import { feedTime } from '../page/page-clock.ts';
import { clock, datedClock } from '../text/time-text.ts';
import { MARK_GLYPHS } from '../timeline/mark-glyph.ts';
import { markKindOf } from '../timeline/mark-kind.ts';
import { eventKey } from './event-log.ts';
import { eventTitle, plainReason } from './event-text.ts';
import type { EventGroup } from './group-events.ts';
import { ListRow, ListRows } from './list-row.tsx';

/** Rows of the list; more are drawn only if an older event was chosen. */
const LISTED = 60;
const NAMED_COINS = 4;

interface EventListProps {
  /** Newest first. */
  readonly groups: readonly EventGroup[];
  readonly selected: { readonly key: string } | undefined;
}

/** Lists the feed's events, newest first. */
export function EventList({ groups, selected }: EventListProps) {
  if (groups.length === 0) return <p class="empty">Nothing has happened yet.</p>;
  const chosen = groups.findIndex(({ events }) => events.some((event) => eventKey(event) === selected?.key));
  return (
    <ListRows label="Events, newest first">
      {groups.slice(0, Math.max(LISTED, chosen + 10)).map((group, at) => (
        <EventLine key={eventKey(group.events[0])} group={group} chosen={at === chosen ? selected : undefined} />
      ))}
    </ListRows>
  );
}

interface EventLineProps {
  readonly group: EventGroup;
  readonly chosen: object | undefined;
}

function EventLine({ group: { events, coins }, chosen }: EventLineProps) {
  const [first] = events;
  const kind = markKindOf(first);
  const mark = kind === undefined ? undefined : MARK_GLYPHS[kind];
  const spanMs = (events.at(-1) ?? first).timestamp - first.timestamp;
  const reason = plainReason(first.reason);
  const isSameReason = events.every((event) => plainReason(event.reason) === reason);
  return (
    <ListRow
      tone={mark === undefined ? 'is-plain' : `tone-${mark.tone}`}
      glyph={mark?.glyph ?? '·'}
      time={datedClock(first.timestamp, feedTime(performance.now()))}
      chosen={chosen}
      facts={() => factsOf(events)}
    >
      <strong>{eventTitle(first)}</strong>
      {events.length > 1 && (
        <span>
          {' '}
          ×{events.length}
          {spanMs >= 100 && ` in ${duration(spanMs)}`}
        </span>
      )}{' '}
      {first.venue !== null && <span class="event-venue">{first.venue}</span>}{' '}
      {coins.length > 0 && (
        <span>{coins.length > NAMED_COINS ? `${coins.length} coins` : coins.join(' ')}</span>
      )}{' '}
      {isSameReason && <span class="reason">{reason}</span>}
    </ListRow>
  );
}

const MOST_FACTS = 40;

function factsOf(events: EventGroup['events']): (readonly [string, string])[] {
  const [first] = events;
  if (events.length > 1)
    return events.slice(0, MOST_FACTS).map((event, at) => {
      const who = [event.coin, event.line === null ? null : `line ${event.line}`].filter((part) => part !== null);
      return [`${at + 1}. ${clock(event.timestamp)}`, [...who, plainReason(event.reason)].join(' · ')];
    });
  return [
    ['time', new Date(first.timestamp).toISOString()],
    ...Object.entries({ line: first.line, channel: first.channel, cause: first.cause, ...first.details })
      .filter(([, value]) => value !== null && value !== '')
      .map(([name, value]) => [name.replaceAll('_', ' '), plainReason(String(value))] as const),
    ['instance', first.instance],
  ];
}
