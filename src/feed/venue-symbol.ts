import type { Instrument } from '../domain/instrument.ts';
import type { AskedSymbol } from '../domain/line.ts';
import type { LineMerge, MergedSymbol } from './arbitration/merge-lines.ts';
import type { Pulse } from './liveness/activity.ts';
import type { Watched } from './liveness/coin-watch.ts';
import type { Count } from './liveness/data-quality.ts';
import type { ServedKey } from './served-key.ts';

/** What the stages of a venue's run keep of one symbol: looked for once a frame, by the decoder, and not by each of them. */
export class VenueSymbol implements AskedSymbol {
  /** Undefined while it is not followed. */
  instrument: Instrument | undefined;
  readonly symbol: string;
  readonly coin: Watched;
  readonly quality: Count;
  readonly merged: MergedSymbol;
  /** Since the first of them. */
  trades: Pulse | undefined;
  /** What the feed keeps of what this symbol is served as; undefined until something of it came. */
  served: ServedKey | undefined;
  readonly #isRepeat: LineMerge['isRepeat'];

  constructor(symbol: string, kept: Pick<VenueSymbol, 'coin' | 'quality' | 'merged'>, isRepeat: LineMerge['isRepeat']) {
    this.instrument = undefined;
    this.symbol = symbol;
    this.coin = kept.coin;
    this.quality = kept.quality;
    this.merged = kept.merged;
    this.trades = undefined;
    this.served = undefined;
    this.#isRepeat = isRepeat;
  }

  isRepeat(id: number, timestamp: number): boolean {
    return this.#isRepeat(this.merged, id, timestamp);
  }
}
