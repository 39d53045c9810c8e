import { computed, signal } from '@preact/signals';
import { link } from '../link/link.ts';
import { feedTime, now } from '../page/page-clock.ts';

/** The gateway sends an overview each second. Without one for this long, the page does not know the state of the feed. */
const SILENT_MS = 3000;

/** When the last overview came, by the page's monotonic clock, milliseconds. */
export const statusAt = signal(0);

/** True while the page knows the present state of the feed. */
export const isPresent = computed(() => link.value.state === 'open' && now.value - statusAt.value < SILENT_MS);

/** Until when the page knows the feed's state, milliseconds since 1970 by the feed's clock. */
export const knownUntil = computed(() => {
  // Each overview also sets the feed's clock, so this must change with it.
  const receivedAt = statusAt.value;
  return feedTime(isPresent.value ? now.value : receivedAt);
});
