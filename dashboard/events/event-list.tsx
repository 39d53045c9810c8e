import { duration } from '../../src/domain/duration.ts';
import { feedTime } from '../page/page-clock.ts';
import { datedClock } from '../text/time-text.ts';
import { MARK_GLYPHS } from '../timeline/mark-glyph.ts';
import { markKindOf } from '../timeline/mark-kind.ts';
import { factsOf } from './event-facts.ts';
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
  /** True if the page has the gateway's past events. */
  readonly isPastKnown: boolean;
  readonly selected: { readonly key: string } | undefined;
}

/** Lists the feed's events, newest first. */
export function EventList({ groups, isPastKnown, selected }: EventListProps) {
  if (groups.length === 0) return <p class="empty">{isPastKnown ? 'Nothing has happened yet.' : 'Not known yet.'}</p>;
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
      {coins.length > 0 && <span>{coins.length > NAMED_COINS ? `${coins.length} coins` : coins.join(' ')}</span>}{' '}
      {isSameReason && <span class="reason">{reason}</span>}
    </ListRow>
  );
}
