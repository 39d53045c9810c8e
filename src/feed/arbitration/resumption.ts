import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';

/** Where a previous run ended; null: it published none. */
export interface Resumption {
  readonly trade: Checkpoint | null;
  readonly aggTrade: Checkpoint | null;
}
