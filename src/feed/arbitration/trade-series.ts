import { compareIds } from '../../domain/trade-id.ts';
import { ContiguousSequence } from '../../operators/sequence/contiguous-sequence.ts';
import type { IdSequence } from '../../operators/sequence/id-sequence.ts';
import { SparseSequence } from '../../operators/sequence/sparse-sequence.ts';
import type { SequencedTrade } from './merged-event.ts';

/** Trades held behind one gap at the most. */
const MAX_HELD = 10_000;
/** Trades remembered per symbol if ids jump. */
const SEEN_WINDOW = 2048;

/** The last id that was read, and its number: a sequence asks for the same id several times. */
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

/** The trades, or the aggregated trades, of one symbol of a venue: what they have in common over all lines. */
export class TradeSeries {
  readonly symbol: string;
  readonly kind: SequencedTrade['kind'];
  readonly sequence: IdSequence<SequencedTrade>;
  /** When the trade that waited first was received, as the last fetched trades came; undefined: none waited. */
  fetchedFor: number | undefined;
  /** When the last trade that was emitted late was received. */
  lateAt = Number.NEGATIVE_INFINITY;

  /** `contiguous`: ids step by one. `recent`: if they do not, the venue's last trades can be asked for. */
  constructor(symbol: string, kind: SequencedTrade['kind'], { contiguous = true, recent = false } = {}) {
    this.symbol = symbol;
    this.kind = kind;
    this.sequence = contiguous
      ? new ContiguousSequence(contiguousAccess, MAX_HELD)
      : new SparseSequence(sparseAccess, { window: SEEN_WINDOW, recent, maxHeld: MAX_HELD });
  }
}
