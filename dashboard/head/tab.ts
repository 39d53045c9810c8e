import { computed, effect } from '@preact/signals';
import { environment, rowOf } from '../feed/feed-state.ts';
import { selected } from '../page/selection.ts';
import { amount } from '../text/number-text.ts';
import { headline, tradingState } from './headline.ts';
import { tabIcon, tabTitle } from './tab-title.ts';

const state = computed(() => {
  if (tradingState.value !== 'allowed') return tradingState.value;
  return headline.value.missing.some(({ type }) => type === 'sink') ? 'sink_down' : 'allowed';
});
const price = computed(() => {
  const row = selected.value === undefined ? undefined : rowOf(selected.value);
  if (row === undefined) return '';
  return row.stale.value ? row.coin : `${row.coin} ${amount(row.price.value, row.places.value)}`;
});

/** Shows the state of the feed in the tab's title and icon. */
export function startTab(): void {
  effect(() => {
    document.title = tabTitle(state.value, price.value, environment.value);
  });
  effect(() => {
    document.querySelector('link[rel="icon"]')?.setAttribute('href', tabIcon(state.value));
  });
}
