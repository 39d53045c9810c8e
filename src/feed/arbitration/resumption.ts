import type { TradeKind } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';

/** Where a previous run ended, by kind of trade; without the kinds that it did not publish. */
export type Resumption = ReadonlyMap<TradeKind, Checkpoint>;
