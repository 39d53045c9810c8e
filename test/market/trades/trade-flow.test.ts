import { expect, it } from 'vitest';
import { flowOf } from '../../../src/market/trades/trade-flow.ts';

it.each([
  [1, 'strong_buy'],
  [0.7, 'strong_buy'],
  [0.699999, 'buy'],
  [0.55, 'buy'],
  [0.549999, 'neutral'],
  [0.5, 'neutral'],
  [0.450001, 'neutral'],
  [0.45, 'sell'],
  [0.300001, 'sell'],
  [0.3, 'strong_sell'],
  [0, 'strong_sell'],
])('flowOf classifies a buy share of %s as %s', (share, flow) => {
  expect(flowOf(share)).toBe(flow);
});
