import { computed, signal } from '@preact/signals';
import { EventList } from '../events/event-list.tsx';
import { allEvents, completeSince, spans } from '../events/feed-events.ts';
import { GapList } from '../events/gap-list.tsx';
import { groupEvents } from '../events/group-events.ts';
import { gaps, status } from '../feed/feed-state.ts';
import { Choice } from '../page/choice.tsx';
import { feedTime, now } from '../page/page-clock.ts';
import { Panel } from '../page/panel.tsx';
import { timeline } from './timeline.ts';
import { TimelinePicture } from './timeline-picture.tsx';

const SPANS = [
  { value: 5, text: '5 m' },
  { value: 15, text: '15 m' },
  { value: 60, text: '1 h' },
  { value: 1440, text: '24 h' },
];
const LISTS = [
  { value: 'events', text: 'Events' },
  { value: 'gaps', text: 'Gaps' },
] as const;

const minutes = signal(5);
const list = signal<'events' | 'gaps'>('events');
/** The event whose mark was chosen last: a new object each time, so that the list moves to it again. */
const selected = signal<{ readonly key: string } | undefined>(undefined);
const groups = computed(() => groupEvents(allEvents.value));

/** Shows the gaps instead of the events. */
export function showGaps(): void {
  list.value = 'gaps';
}

export function TimelinePanel() {
  const overview = status.value;
  const to = feedTime(now.value);
  const from = to - minutes.value * 60_000;
  const past = { events: allEvents.value, spans: spans.value, completeSince: completeSince.value };
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
        <TimelinePicture
          timeline={timeline(past, { ...overview, trading: overview.trading.state }, from, to)}
          gaps={gaps.value}
          onSelect={(key) => {
            list.value = 'events';
            selected.value = { key };
          }}
        />
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
        <EventList groups={groups.value} selected={selected.value} />
      ) : (
        <GapList gaps={gaps.value} />
      )}
    </Panel>
  );
}
