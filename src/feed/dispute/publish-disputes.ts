import { defer, EMPTY } from 'rxjs';
import { getOrCreate } from '../../domain/get-or-create.ts';
import { TESTNET } from '../../domain/instrument.ts';
import type { BookTicker, FeedStatus, PriceTick } from '../../domain/record.ts';
import { FRESH_PRICE_MS } from '../../market/book/best-prices.ts';
import { midOfQuote } from '../../market/book/book-figures.ts';
import type { FeedStage } from '../feed-event.ts';
import type { StageOptions } from '../feed-options.ts';
import { publishEvery } from '../publish/publishing.ts';
import type { SymbolView } from '../status/feed-view.ts';
import type { FeedWatch } from '../status/feed-watch.ts';
import type { StatusNote } from '../status/status-numbering.ts';
import { type DisputeChange, differenceBps, MIN_OTHERS, median, PriceDispute } from './price-dispute.ts';

/** A timer compares the prices, so that trades and book tickers cost nothing. Milliseconds. */
const CHECK_EVERY_MS = 100;

/** The prices of one symbol that are compared. */
interface Compared {
  readonly coin: string;
  /** The venue that serves the symbol. */
  readonly venue: string;
  /** The last price of this venue; undefined if it is not fresh. */
  readonly tick: PriceTick | undefined;
  /** The fresh book tickers of the other venues. */
  readonly quotes: readonly BookTicker[];
}

/**
 * Publishes when the price of a symbol at its active venue becomes disputed, and when it no longer is. It compares the
 * last published price with the book tickers of the other venues; see `PriceDispute` for the rule.
 */
export function publishDisputes(
  options: Pick<StageOptions, 'config' | 'watch' | 'numbering' | 'scheduler'>,
): FeedStage {
  const { config, watch, numbering, scheduler } = options;
  if (!canCompare(watch)) return () => EMPTY;
  const { disputedPrices } = watch.symbols;
  return () =>
    defer(() => {
      const disputes = new Map<string, PriceDispute>();
      const newDispute = (): PriceDispute => new PriceDispute(config.feed);
      const check = (view: SymbolView, now: number): readonly FeedStatus[] => {
        const { symbol } = view;
        const compared = comparedPrices(watch, view, now);
        if (compared === undefined) return [];
        const { venue, tick, quotes } = compared;
        const price = tick && Number(tick.price);
        const dispute = getOrCreate(disputes, symbol, newDispute);
        const change = dispute.next({ venue, price, others: quotes.map(mid) }, now);
        if (dispute.isDisputed) disputedPrices.add(symbol);
        else disputedPrices.delete(symbol);
        return change === undefined ? [] : [numbering.record(disputeNote(change, compared, symbol))];
      };
      return publishEvery(CHECK_EVERY_MS, scheduler, () => {
        const now = scheduler.now();
        const { symbols } = watch.view;
        for (const symbol of disputes.keys()) if (!symbols.has(symbol)) disputes.delete(symbol);
        return [...symbols.values()].flatMap((view) => check(view, now));
      });
    });
}

function canCompare({ venues }: FeedWatch): boolean {
  return venues.filter(({ options }) => options.venue.id !== TESTNET).length > MIN_OTHERS;
}

/** Returns undefined before the symbol's first data. */
function comparedPrices(watch: FeedWatch, view: SymbolView, now: number): Compared | undefined {
  const { symbol, coin, tick, tickAt } = view;
  const venue = watch.symbols.servedBy(symbol);
  if (venue === undefined) return undefined;
  const isFresh = tick?.venue === venue && now - tickAt < FRESH_PRICE_MS;
  if (!isFresh || venue === TESTNET) return { coin, venue, tick: undefined, quotes: [] };
  const isComparable = (quote: BookTicker): boolean =>
    quote.venue !== venue && quote.venue !== TESTNET && mid(quote) > 0;
  return { coin, venue, tick, quotes: watch.freshBookTickers(symbol).filter(isComparable) };
}

/** Returns NaN without a bid or an ask. */
function mid({ bidPrice, askPrice }: BookTicker): number {
  return bidPrice === null || askPrice === null ? Number.NaN : (Number(bidPrice) + Number(askPrice)) / 2;
}

function disputeNote(change: DisputeChange, compared: Compared, symbol: string): StatusNote {
  const { coin, venue, tick, quotes } = compared;
  const mids = quotes.map((quote) => [quote.venue, midOfQuote(quote) ?? ''] as const);
  const prices = tick === undefined ? mids : [[venue, tick.price] as const, ...mids];
  const details = Object.fromEntries(prices.map(([of, price]) => [`price.${of}`, price]));
  const about = { venue, symbol, coin, details };
  if (change === 'begun') return { ...about, state: 'price_disputed', reason: disputeReason(compared, mids) };
  const reason = {
    agrees: `the price of ${coin} at ${venue} is near the other venues again`,
    moved: `${venue} serves ${coin} now`,
    not_compared: `the price of ${coin} at ${venue} could not be compared with two other venues for a minute`,
  }[change];
  return { ...about, state: 'feed_recovered', cause: 'price_disputed', reason };
}

function disputeReason({ coin, venue, tick, quotes }: Compared, mids: readonly (readonly [string, string])[]): string {
  const [price, others] = [Number(tick?.price), quotes.map(mid)];
  const percent = (differenceBps(price, others) ?? 0) / 100;
  const difference = `${percent.toFixed(percent < 10 ? 2 : 0)} % ${price > median(others) ? 'above' : 'below'}`;
  const elsewhere = mids.map((each) => each.join(' ')).join(', ');
  return `${coin} costs ${tick?.price} at ${venue}, ${difference} the other venues: ${elsewhere}`;
}
