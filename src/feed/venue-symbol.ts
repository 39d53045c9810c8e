import type { ArbiterSymbol } from './arbitration/line-arbiter.ts';
import type { Pulse } from './liveness/activity.ts';
import type { Watched } from './liveness/coin-watch.ts';
import type { Count } from './liveness/data-quality.ts';
import type { ServedKey } from './served-key.ts';

/** What the stages of a venue's run keep of one symbol: looked for once a frame, and not by each of them. */
export class VenueSymbol {
  readonly symbol: string;
  readonly coin: Watched;
  readonly quality: Count;
  readonly arbiter: ArbiterSymbol;
  /** Since the first of them. */
  trades: Pulse | undefined;
  /** What the feed keeps of what this symbol is served as; undefined until something of it came. */
  served: ServedKey | undefined;

  constructor(symbol: string, kept: Pick<VenueSymbol, 'coin' | 'quality' | 'arbiter'>) {
    this.symbol = symbol;
    this.coin = kept.coin;
    this.quality = kept.quality;
    this.arbiter = kept.arbiter;
    this.trades = undefined;
    this.served = undefined;
  }
}
