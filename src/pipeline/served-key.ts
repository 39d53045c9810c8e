import type { KeyEpoch } from './epoch-ledger.ts';
import type { KeyView } from './feed-view.ts';
import type { PriceTicks } from './price-ticks.ts';
import type { KeyTurn } from './trade-analytics.ts';

/** What the stages behind the switch keep of what is served apart, the same for as long as the feed runs: looked for once, and not by each of them. */
export interface ServedKey {
  readonly key: string;
  readonly epoch: KeyEpoch;
  readonly ticks: PriceTicks;
  readonly turn: KeyTurn | undefined;
  readonly view: KeyView;
}
