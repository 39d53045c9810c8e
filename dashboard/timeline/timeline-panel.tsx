import { signal } from '@preact/signals';
import { showEvent } from '../events/events-panel.tsx';
import { past } from '../events/feed-events.ts';
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

const minutes = signal(5);

export function TimelinePanel() {
  const overview = status.value;
  const to = feedTime(now.value);
  const from = to - minutes.value * 60_000;
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
          timeline={timeline(past.value, { ...overview, trading: overview.trading.state }, from, to)}
          gaps={gaps.value ?? []}
          onSelect={showEvent}
        />
      )}
    </Panel>
  );
}
