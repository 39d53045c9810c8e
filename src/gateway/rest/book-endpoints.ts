import { type Static, Type } from 'typebox';
import { canonicalDecimal } from '../../domain/decimal.ts';
import type { OrderBookSnapshot } from '../../domain/record.ts';
import { Asset, Book, DepthDistribution, DepthSummary, PriceImpacts } from '../api/asset-answers.ts';
import type { SymbolSeries } from '../view/symbol-series.ts';
import type { GatewayView } from '../view/view.ts';
import { assetAnswer } from './answers.ts';
import { bookAnswer, depthDistributionAnswer, depthSummary, priceImpacts } from './book-answers.ts';
import { assetEndpoint, type Endpoint, noData } from './endpoint.ts';

const levels = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 5000, description: 'Best levels of each side; default: all' }),
);
/** A decimal above 0. */
const SIZE = '(?:[1-9][0-9]{0,14}(?:\\.[0-9]{1,18})?|0\\.0{0,8}[1-9][0-9]{0,8})';

/** The coin at a glance, and what its book says. */
export function bookEndpoints(view: GatewayView): readonly Endpoint[] {
  const impact = Type.Object({
    side: Type.Enum(['buy', 'sell']),
    quantities: Type.String({
      pattern: `^${SIZE}(?:,${SIZE}){0,49}$`,
      description: 'up to 50 quantities above 0 in the base asset, separated by commas: 1,2.5',
    }),
  });
  return [
    assetEndpoint({
      view,
      path: '',
      summary: 'The coin at a glance',
      answer: Asset,
      respond: (series) => assetAnswer(view, series),
    }),
    assetEndpoint({
      view,
      path: 'orderbook',
      summary: 'The order book and its figures',
      query: Type.Object({ levels }),
      answer: Book,
      respond: (series, { levels: most }) => bookAnswer(view, bookOf(series), most),
    }),
    assetEndpoint({
      view,
      path: 'depth-summary',
      summary: 'Spread, volumes, imbalance and liquidity of the order book',
      query: Type.Object({ levels }),
      answer: DepthSummary,
      respond: (series, { levels: most }) => ({ ...series.of, ...depthSummary(view, bookOf(series), most) }),
    }),
    assetEndpoint({
      view,
      path: 'depth-distribution',
      summary: 'How the depth lies around mid',
      answer: DepthDistribution,
      respond: (series) => ({ ...series.of, ...depthDistributionAnswer(view, bookOf(series)) }),
    }),
    assetEndpoint({
      view,
      path: 'price-impact',
      summary: 'What market orders would come to if they met this book alone',
      query: impact,
      answer: PriceImpacts,
      respond: (series, { side, quantities }: Static<typeof impact>) => {
        const sizes = quantities.split(',').flatMap((quantity) => canonicalDecimal(quantity) ?? []);
        return { ...series.of, ...priceImpacts(view, bookOf(series), side, sizes) };
      },
    }),
  ];
}

function bookOf({ book, of }: SymbolSeries): OrderBookSnapshot {
  if (book === undefined) throw noData(of.symbol, 'no order book came yet; is a depth channel subscribed?');
  return book;
}
