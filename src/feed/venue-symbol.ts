import type { ArbiterSymbol } from './arbitration/line-arbiter.ts';
import type { SymbolWatch } from './liveness/frame-watch.ts';

/** What the stages of a venue's run keep of one symbol: looked for once a frame, and not by each of them. */
export interface VenueSymbol {
  readonly watch: SymbolWatch;
  readonly arbiter: ArbiterSymbol;
}
