import { compareIds } from '../../domain/trade-id.ts';
import { ContiguousSequence } from '../../operators/sequence/contiguous-sequence.ts';
import type { IdSequence } from '../../operators/sequence/id-sequence.ts';
import { SparseSequence } from '../../operators/sequence/sparse-sequence.ts';
import type { SequencedTrade } from './merged-event.ts';

/**
 * Maximum trades of a series that wait for missing ones; if ids are sparse, of each line. If more would wait, the
 * missing trades are given up.
 */
const MAX_HELD = 10_000;
/** Number of trades whose ids a symbol remembers to find repeated ones, if ids are sparse. */
const SEEN_WINDOW = 2048;

/** Caches the last id that was read: a sequence asks for it several times. */
let lastText = '0';
let lastId = 0;

function numericId(text: string): number {
  if (text !== lastText) {
    lastText = text;
    lastId = Number(text);
  }
  return lastId;
}

const contiguousAccess = {
  first: (trade: SequencedTrade) => numericId(trade.tradeId),
  last: (trade: SequencedTrade) => numericId(trade.lastTradeId ?? trade.tradeId),
  timestamp: (trade: SequencedTrade) => trade.timestamp,
};
const sparseAccess = {
  compare: compareIds,
  id: (trade: SequencedTrade) => trade.tradeId,
  timestamp: (trade: SequencedTrade) => trade.timestamp,
};

/** One symbol's trades or aggregated trades at a venue, over all lines. */
export class TradeSeries {
  readonly symbol: string;
  readonly kind: SequencedTrade['kind'];
  readonly sequence: IdSequence<SequencedTrade>;
  /**
   * Arrival of the first waiting trade at the time of the last fetch, microseconds since 1970. Undefined if none
   * waited.
   */
  fetchedFor: number | undefined;
  /** Arrival of the last trade that was emitted late, microseconds since 1970. */
  lateAt = Number.NEGATIVE_INFINITY;

  /** `contiguous`: ids step by one. `recent`: ids are sparse, and the venue's last trades can be fetched. */
  constructor(symbol: string, kind: SequencedTrade['kind'], { contiguous = true, recent = false } = {}) {
    this.symbol = symbol;
    this.kind = kind;
    this.sequence = contiguous
      ? new ContiguousSequence(contiguousAccess, MAX_HELD)
      : new SparseSequence(sparseAccess, { window: SEEN_WINDOW, recent, maxHeld: MAX_HELD });
  }
}
