import type { PriceTick } from '../../domain/record.ts';
import type { SymbolPriceTicks } from '../../market/price-ticks.ts';
import { areOf } from '../arbitration/merged-event.ts';
import type { FeedStage } from '../feed-event.ts';
import type { VenueFeedEvent } from '../venue-feed-options.ts';
import { publishing } from './publishing.ts';

const NONE: readonly never[] = [];

/**
 * Publishes a price tick for each live trade and each ticker, except block trades and data older than the last tick.
 */
export function publishPrices(ticks: SymbolPriceTicks): FeedStage {
  return publishing((event) => {
    if (event.kind !== 'data') return NONE;
    const { events } = event;
    if (!areOf(events, 'trade') && !areOf(events, 'ticker')) return NONE;
    const own = ticks.of(event.symbol);
    const records: PriceTick[] = [];
    for (const one of events) {
      const tick = own.tick(one, event.epoch);
      if (tick !== undefined) records.push(tick);
    }
    return records;
  });
}

/** Remembers the 24-hour figures of a venue's tickers, also of a standby venue, because trades have none. */
export function rememberFigures(ticks: SymbolPriceTicks): (event: VenueFeedEvent) => void {
  return (event) => {
    const first = event.kind === 'value' ? event.value[0] : undefined;
    if (first?.kind === 'ticker') ticks.of(first.symbol).learn(first);
  };
}
