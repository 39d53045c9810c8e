import { signal } from '@preact/signals';
import { groupEvents } from '../model/group-events.ts';
import { timeline } from '../model/timeline.ts';
import { events, gaps, status, statusAt } from '../state/feed-state.ts';
import { link } from '../state/link.ts';
import { feedTime, now } from '../state/page-clock.ts';
import { Choice } from './choice.tsx';
import { EventList } from './event-list.tsx';
import { GapList } from './gap-list.tsx';
import { Panel } from './panel.tsx';
import { TimelinePicture } from './timeline-picture.tsx';

const SPANS = [
  { value: 5, text: '5 m' },
  { value: 15, text: '15 m' },
  { value: 60, text: '1 h' },
];
const LISTS = [
  { value: 'events', text: 'Events' },
  { value: 'gaps', text: 'Gaps' },
] as const;
const LISTED = 60;

const minutes = signal(5);
const list = signal<'events' | 'gaps'>('events');

/** Shows the gaps instead of the events. */
export function showGaps(): void {
  list.value = 'gaps';
}

export function TimelinePanel() {
  const overview = status.value;
  // Without a connection, the page knows nothing that happened after the last status.
  const to = feedTime(link.value.state === 'open' ? now.value : statusAt.value);
  const from = to - minutes.value * 60_000;
  const present = { venues: overview?.venues ?? [], halted: overview?.trading.state === 'halted' };
  return (
    <Panel
      id="timeline"
      title="Timeline"
      tools={
        <Choice
          label="Time span"
          options={SPANS}
          value={minutes.value}
          onChange={(value) => {
            minutes.value = value;
          }}
        />
      }
    >
      {overview === undefined ? (
        <p class="empty">No status of the feed yet.</p>
      ) : (
        <TimelinePicture timeline={timeline(events.value, present, from, to)} gaps={gaps.value} />
      )}
    </Panel>
  );
}

export function EventsPanel() {
  return (
    <Panel
      id="events"
      title={list.value === 'events' ? 'Events' : 'Gaps'}
      tools={
        <Choice
          label="List"
          options={LISTS}
          value={list.value}
          onChange={(value) => {
            list.value = value;
          }}
        />
      }
    >
      {list.value === 'events' ? (
        <EventList
          groups={groupEvents(
            events.value.filter(({ state }) => state !== 'subscribed'),
            LISTED,
          )}
        />
      ) : (
        <GapList gaps={gaps.value} />
      )}
    </Panel>
  );
}
