import { Type } from 'typebox';
import { Events, Gaps, type GatewayStats, PricesAnswer, QualityAnswer, Status } from '../api/feed-answers.ts';
import { recordJson } from '../api/record-schema.ts';
import type { GatewayView } from '../view/view.ts';
import { pricesAnswer, qualityAnswer, statusAnswer } from './answers.ts';
import { type Endpoint, feedEndpoint, limitOf, symbolOf } from './endpoint.ts';

/** What is told of the whole feed. */
export function feedEndpoints(view: GatewayView, stats: () => GatewayStats): readonly Endpoint[] {
  return [
    feedEndpoint({
      path: '/api/prices',
      summary: 'The last price of every symbol',
      answer: PricesAnswer,
      respond: () => pricesAnswer(view),
    }),
    feedEndpoint({
      path: '/api/status',
      summary: 'Venues, coins, sinks, and whether it can be traded on',
      answer: Status,
      respond: () => statusAnswer(view, stats()),
    }),
    feedEndpoint({
      path: '/api/gaps',
      summary: 'Holes in the trades and what became of them, newest first',
      query: Type.Object({ symbol: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })), limit: limitOf(100) }),
      answer: Gaps,
      respond: ({ symbol: name, limit: most }) => {
        const symbol = name === undefined ? undefined : symbolOf(view, name);
        const gaps = view.gaps.latest(most, (gap) => symbol === undefined || gap.symbol === symbol);
        return { gaps: gaps.map(recordJson) };
      },
    }),
    feedEndpoint({
      path: '/api/events',
      summary: 'What happened to the feed, newest first',
      query: Type.Object({ limit: limitOf(100) }),
      answer: Events,
      respond: ({ limit: most }) => ({ events: view.events.latest(most).map(recordJson) }),
    }),
    feedEndpoint({
      path: '/api/quality',
      summary: "How well each venue tells of each symbol, and its candles against its trades'",
      answer: QualityAnswer,
      respond: () => qualityAnswer(view),
    }),
  ];
}
