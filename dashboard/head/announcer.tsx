import { useComputed } from '@preact/signals';
import { environment } from '../feed/feed-state.ts';
import { headline } from './headline.ts';

/** Announces the headline to a screen reader, without ages and counts. */
export function Announcer() {
  const text = useComputed(() => {
    const data = environment.value === undefined ? '' : `${environment.value} data. `;
    return data + headline.value.announcement;
  });
  return (
    <p class="unseen" aria-live="polite">
      {text}
    </p>
  );
}
