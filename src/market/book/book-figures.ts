import { DECIMAL_SCALE, type Decimal, fromUnscaled, unscaled } from '../../domain/decimal.ts';
import { ratio, roundHalfEven } from '../../domain/exact.ts';
import type { BookLevel, BookTicker } from '../../domain/record.ts';
import { digitsOf } from '../digits.ts';
import { ExactSums } from '../exact-sum.ts';
import { type BothSides, exactLevel } from './both-sides.ts';

/** Numbers computed from the best bid and ask. The spread is negative if the bid is above the ask. */
export interface TopFigures {
  /** Best ask − best bid, quote asset, exact. */
  readonly spread: Decimal;
  /** Spread / mid × 100. */
  readonly spreadPct: number;
  /** (Best bid + best ask) / 2, rounded half-even at 18 places. */
  readonly mid: Decimal;
  /** (Bid × ask quantity + ask × bid quantity) / (bid quantity + ask quantity), rounded half-even at 18 places. */
  readonly microprice: Decimal;
}

/** Numbers computed from a whole book; null if a side that they need is empty. */
export interface BookFigures {
  readonly bestBid: BookLevel | null;
  readonly bestAsk: BookLevel | null;
  readonly spread: Decimal | null;
  readonly spreadPct: number | null;
  readonly mid: Decimal | null;
  readonly microprice: Decimal | null;
  /** Sum of the bids' quantities, base asset, exact. */
  readonly bidVolume: Decimal;
  /** Sum of the asks' quantities, base asset, exact. */
  readonly askVolume: Decimal;
  /** (bidVolume − askVolume) / their sum, from −1 (only asks) to 1 (only bids); null if both sides are empty. */
  readonly imbalance: number | null;
}

/** The figures of a book without a best bid or ask. */
export const NO_TOP = { spread: null, spreadPct: null, mid: null, microprice: null } as const;

/** Returns the figures of all levels of a book. For the best N levels, cut both sides to N levels before the call. */
export function bookFigures(book: BothSides): BookFigures {
  const bidVolume = volume(book.bids);
  const askVolume = volume(book.asks);
  return {
    bestBid: book.bids[0] ?? null,
    bestAsk: book.asks[0] ?? null,
    ...(topFigures(book) ?? NO_TOP),
    bidVolume: fromUnscaled(bidVolume),
    askVolume: fromUnscaled(askVolume),
    imbalance: share(bidVolume, askVolume),
  };
}

/** Returns the figures of the best bid and ask; undefined if a side is empty. */
export function topFigures({ bids, asks }: BothSides): TopFigures | undefined {
  if (bids[0] === undefined || asks[0] === undefined) return undefined;
  const bid = exactLevel(bids[0]);
  const ask = exactLevel(asks[0]);
  const weighed = bid.price * ask.quantity + ask.price * bid.quantity;
  return {
    spread: fromUnscaled(ask.price - bid.price),
    spreadPct: ratio(200n * (ask.price - bid.price), bid.price + ask.price),
    mid: midOf(bid.price, ask.price),
    microprice: fromUnscaled(roundHalfEven(weighed, bid.quantity + ask.quantity)),
  };
}

/** Returns the mid of two prices × 10^18, rounded half-even at 18 places. */
export function midOf(bid: bigint, ask: bigint): Decimal {
  return fromUnscaled(roundHalfEven(bid + ask, 2n));
}

/** Returns the mid of a book ticker; null without a bid or an ask. */
export function midOfQuote({ bidPrice, askPrice }: BookTicker): Decimal | null {
  if (bidPrice === null || askPrice === null) return null;
  return midOf(unscaled(bidPrice), unscaled(askPrice));
}

/** Returns `BookFigures.imbalance`, computed only from the best `levels` levels of each side. Default: all. */
export function imbalance({ bids, asks }: BothSides, levels?: number): number | null {
  return share(volume(bids.slice(0, levels)), volume(asks.slice(0, levels)));
}

/** Returns the sum of the quantities × 10^18. */
function volume(levels: readonly BookLevel[]): bigint {
  const sum = new ExactSums();
  for (const { quantity } of levels) sum.add(digitsOf(quantity));
  return sum.total(DECIMAL_SCALE);
}

function share(bidVolume: bigint, askVolume: bigint): number | null {
  const both = bidVolume + askVolume;
  return both === 0n ? null : ratio(bidVolume - askVolume, both);
}
