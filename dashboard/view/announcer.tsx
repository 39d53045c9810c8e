import { useComputed } from '@preact/signals';
import { environment, events, trading } from '../state/feed-state.ts';
import { link } from '../state/link.ts';

const ANNOUNCED = new Set(['failed_over', 'failed_back']);

/** Announces important changes to a screen reader, without ticks. */
export function Announcer() {
  const text = useComputed(() => {
    const parts: string[] = [];
    if (link.value.state === 'lost') return 'This page has lost its connection.';
    const state = trading.value;
    if (state !== undefined) parts.push(`${environment.value ?? ''} data, trading ${state.state}.`);
    const last = events.value.findLast(({ state: name, coin }) => ANNOUNCED.has(name) && coin === null);
    if (last !== undefined) parts.push(last.reason);
    return parts.join(' ');
  });
  return (
    <p class="unseen" aria-live="polite">
      {text}
    </p>
  );
}
