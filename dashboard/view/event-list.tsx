import { statusKey } from '../model/event-log.ts';
import type { EventGroup } from '../model/group-events.ts';
import { markKindOf } from '../model/timeline.ts';
import { clock } from '../text/time-text.ts';
import { MARK_GLYPHS } from './mark-glyph.ts';

/** Lists the feed's events, newest first. */
export function EventList({ groups }: { readonly groups: readonly EventGroup[] }) {
  if (groups.length === 0) return <p class="empty">Nothing has happened yet.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ol class="events" tabIndex={0} aria-label="Events, newest first">
      {groups.map((group) => (
        <EventLine key={statusKey(group.newest)} group={group} />
      ))}
    </ol>
  );
}

function EventLine({ group: { newest, count, coins } }: { readonly group: EventGroup }) {
  const kind = markKindOf(newest);
  const mark = kind === undefined ? undefined : MARK_GLYPHS[kind];
  return (
    <li class={`event ${mark === undefined ? 'is-plain' : `tone-${mark.tone}`}`}>
      <time>{clock(newest.timestamp)}</time>
      <span class="glyph" aria-hidden="true">
        {mark?.glyph ?? '·'}
      </span>
      <p>
        <strong>{newest.state.replaceAll('_', ' ')}</strong>
        {count > 1 && <span class="times"> ×{count}</span>}{' '}
        {newest.venue !== null && <span class="event-venue">{newest.venue}</span>}{' '}
        {coins.length > 0 && (
          <span class="event-coins">{coins.length > 4 ? `${coins.length} coins` : coins.join(' ')}</span>
        )}{' '}
        {count === 1 && <span class="reason">{newest.reason}</span>}
      </p>
    </li>
  );
}
