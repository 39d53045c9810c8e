import { computed, signal } from '@preact/signals';
import { gaps } from '../feed/feed-state.ts';
import { Choice } from '../page/choice.tsx';
import { Panel } from '../page/panel.tsx';
import { EventList } from './event-list.tsx';
import { allEvents, isPastKnown } from './feed-events.ts';
import { GapList } from './gap-list.tsx';
import { groupEvents } from './group-events.ts';

const LISTS = [
  { value: 'events', text: 'Events' },
  { value: 'gaps', text: 'Gaps' },
] as const;

const list = signal<'events' | 'gaps'>('events');
/** The event whose mark was chosen last: a new object each time, so that the list moves to it again. */
const selected = signal<{ readonly key: string } | undefined>(undefined);
const groups = computed(() => groupEvents(allEvents.value));

/** Shows the gaps instead of the events. */
export function showGaps(): void {
  list.value = 'gaps';
}

/** Shows an event in its list, with the focus on its row. */
export function showEvent(key: string): void {
  list.value = 'events';
  selected.value = { key };
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
            // A row that was chosen earlier would take the focus.
            selected.value = undefined;
            list.value = value;
          }}
        />
      }
    >
      {list.value === 'events' ? (
        <EventList groups={groups.value} isPastKnown={isPastKnown.value} selected={selected.value} />
      ) : (
        <GapList gaps={gaps.value} />
      )}
    </Panel>
  );
}
