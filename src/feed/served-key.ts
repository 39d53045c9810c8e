import type { KeyTurn } from './analytics/trade-analytics.ts';
import type { PriceTicks } from './price-ticks.ts';
import type { KeyEpoch } from './resume/epoch-ledger.ts';
import type { KeyView } from './status/feed-view.ts';

/** What the stages behind the switch keep of what is served apart, the same for as long as the feed runs: looked for once, and not by each of them. */
export interface ServedKey {
  readonly key: string;
  readonly epoch: KeyEpoch;
  readonly ticks: PriceTicks;
  readonly turn: KeyTurn | undefined;
  readonly view: KeyView;
}
