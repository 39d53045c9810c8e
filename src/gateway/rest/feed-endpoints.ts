import { Type } from 'typebox';
import { snakeKeys } from '../../codec/key-case.ts';
import type { BestPrices } from '../../market/book/best-prices.ts';
import {
  BestAnswer,
  Events,
  Gaps,
  type GatewayStats,
  Instruments,
  PricesAnswer,
  QualityAnswer,
  Status,
} from '../api/feed-answers.ts';
import { recordJson } from '../api/record-schema.ts';
import type { GatewayView } from '../view/view.ts';
import { eventsAnswer, gapsAnswer, pricesAnswer, qualityAnswer, statusAnswer } from './answers.ts';
import { defaulted, type Endpoint, feedEndpoint, knownSymbol, limitOf } from './endpoint.ts';

const symbol = Type.Optional(Type.String({ minLength: 1, maxLength: 40 }));
const limit = limitOf(100);
const symbols = defaulted(Type.Boolean({ default: true, description: 'False: without the events of single symbols' }));

/** Returns the best prices of every symbol over all healthy venues that are known. */
export type FetchBest = () => Promise<readonly BestPrices[]>;

/** What the endpoints show besides the view. */
interface FeedSources {
  readonly stats: () => GatewayStats;
  readonly fetchBest: FetchBest;
}

/** The endpoints about the whole feed. */
export function feedEndpoints(view: GatewayView, { stats, fetchBest }: FeedSources): readonly Endpoint[] {
  const about = {
    prices: 'The last price of every symbol',
    best: 'The best bid and ask of every symbol over all healthy venues, each with its venue',
    status: 'Venues, coins, sinks, and whether the feed allows trading',
    instruments: "What the venues' instrument lists say of each symbol: status, tick size, lot step and minimums",
    gaps: 'Gaps in the trades, each with its latest outcome and how far it is healed, newest first',
    events: 'What happened to the feed, newest first, and when each instance was alive',
    quality:
      'The data quality of each venue and symbol, its candles compared with its trades, and the audits of the last 120 minutes',
  };
  return [
    feedEndpoint('/api/prices', about.prices, {}, PricesAnswer, () => pricesAnswer(view)),
    feedEndpoint('/api/best', about.best, { symbol }, BestAnswer, async (asked) => {
      const wanted = asked.symbol === undefined ? undefined : knownSymbol(view, asked.symbol);
      const all = await fetchBest();
      return { at: view.at, best: snakeKeys(all.filter((each) => wanted === undefined || each.symbol === wanted)) };
    }),
    feedEndpoint('/api/status', about.status, {}, Status, () => statusAnswer(view, stats())),
    feedEndpoint('/api/instruments', about.instruments, { symbol }, Instruments, (asked) => {
      const wanted = asked.symbol === undefined ? undefined : knownSymbol(view, asked.symbol);
      const all = [...view.instruments.values()];
      return { instruments: all.filter((each) => wanted === undefined || each.symbol === wanted).map(recordJson) };
    }),
    feedEndpoint('/api/gaps', about.gaps, { symbol, limit }, Gaps, (asked) => {
      const wanted = asked.symbol === undefined ? undefined : knownSymbol(view, asked.symbol);
      return gapsAnswer(view, asked.limit, wanted);
    }),
    feedEndpoint('/api/events', about.events, { limit: limitOf(100, 4000), symbols }, Events, (asked) =>
      eventsAnswer(view, asked),
    ),
    feedEndpoint('/api/quality', about.quality, {}, QualityAnswer, () => qualityAnswer(view)),
  ];
}
