import { expect, it } from 'vitest';
import { type TabState, tabIcon, tabTitle } from '../../../dashboard/head/tab-title.ts';

it.each<[TabState, string, 'production' | 'simulated' | undefined, string]>([
  ['allowed', 'BTC 64,902', 'production', 'BTC 64,902'],
  ['halted', 'BTC 64,902', 'production', '■ HALTED · BTC 64,902'],
  ['unknown', 'BTC 64,902', 'simulated', '? UNKNOWN · BTC 64,902 · simulated'],
  ['sink_down', '', 'production', '▽ SINK DOWN'],
  ['allowed', '', undefined, 'market-feed'],
])('tabTitle of %s, %s, %s', (state, price, environment, title) => {
  expect(tabTitle(state, price, environment)).toBe(title);
});

it('tabIcon differs in each state', () => {
  const icons = (['allowed', 'sink_down', 'halted', 'unknown'] as const).map(tabIcon);
  expect(new Set(icons).size).toBe(4);
});
