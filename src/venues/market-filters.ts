import { defer, mergeMap, type OperatorFunction } from 'rxjs';
import type { BookUpdate, MarketEvent } from '../domain/market-event.ts';
import type { BookTicker, Kline, PriceTick, TradeEvent } from '../domain/record.ts';
import { SymbolPriceTicks } from '../market/price-ticks.ts';

/** Input of the filters: a venue's events, also after `detectStale` or `failover`. */
export type MarketSource = MarketValue | { readonly kind: Exclude<string, 'value'> };

/** `epoch` and `held` come from `failover`. */
interface MarketValue {
  readonly kind: 'value';
  readonly value: readonly MarketEvent[];
  readonly epoch?: number;
  readonly held?: boolean;
}

/** Emits the trades, in the order of the frames. */
export function trades(): OperatorFunction<MarketSource, TradeEvent> {
  return eventsThat((event) => (event.kind === 'trade' ? event : undefined));
}

/**
 * Emits price ticks from trades and tickers, with the 24-hour figures of the venue's last ticker. Block trades,
 * backfilled trades and events older than the last tick make no tick.
 */
export function prices(): OperatorFunction<MarketSource, PriceTick> {
  return (source) =>
    defer(() => {
      const ticks = new SymbolPriceTicks();
      const toPrice = eventsThat((event) => {
        if (event.kind !== 'trade' && event.kind !== 'ticker') return undefined;
        const known = ticks.of(event.symbol);
        if (event.kind === 'ticker') known.learn(event);
        return known.tick(event, event.epoch);
      });
      return source.pipe(toPrice);
    });
}

export function bookTickers(): OperatorFunction<MarketSource, BookTicker> {
  return eventsThat((event) => (event.kind === 'book_ticker' ? event : undefined));
}

export function klines(): OperatorFunction<MarketSource, Kline> {
  return eventsThat((event) => (event.kind === 'kline' ? event : undefined));
}

/** Emits whole books and changes, as the venue sends them. */
export function books(): OperatorFunction<MarketSource, BookUpdate> {
  return eventsThat((event) => (event.kind === 'book_update' ? event : undefined));
}

function eventsThat<T>(pick: (event: MarketEvent) => T | undefined): OperatorFunction<MarketSource, T> {
  return mergeMap((frame) =>
    isMarketValue(frame) ? frame.value.flatMap((event) => pick(inEpoch(event, frame)) ?? []) : [],
  );
}

function isMarketValue(frame: MarketSource): frame is MarketValue {
  return frame.kind === 'value';
}

/** Copies the epoch from `failover` to an event. A trade received before the switch gets the source `backfill`. */
function inEpoch(event: MarketEvent, { epoch, held }: MarketValue): MarketEvent {
  if (epoch === undefined) return event;
  const isHeldTrade = held === true && (event.kind === 'trade' || event.kind === 'agg_trade');
  return isHeldTrade ? { ...event, epoch, source: 'backfill' } : { ...event, epoch };
}
