import { Type } from 'typebox';
import { canonicalDecimal } from '../../domain/decimal.ts';
import type { OrderBookSnapshot } from '../../domain/record.ts';
import { Asset, Book, DepthDistribution, DepthSummary, PriceImpacts } from '../api/asset-answers.ts';
import { PriceStep } from '../api/fields.ts';
import type { SymbolSeries } from '../view/symbol-series.ts';
import type { GatewayView } from '../view/view.ts';
import { assetAnswer } from './answers.ts';
import { bookAnswer, depthDistributionAnswer, depthSummary, priceImpacts } from './book-answers.ts';
import { assetEndpoints, type Endpoint, noData } from './endpoint.ts';

const levels = (byDefault: string) =>
  Type.Optional(
    Type.Integer({ minimum: 1, maximum: 5000, description: `Best levels of each side; default: ${byDefault}` }),
  );
const bookLevels = levels('as many as in the topic order-books');
const figureLevels = levels('all known levels');
/** Decimal of at least 0.000000001: at most 15 digits before the point and 18 after (17 if below 1). */
const QUANTITY = '(?:[1-9][0-9]{0,14}(?:\\.[0-9]{1,18})?|0\\.0{0,8}[1-9][0-9]{0,8})';

const impact = {
  side: Type.Enum(['buy', 'sell']),
  quantities: Type.String({
    pattern: `^${QUANTITY}(?:,${QUANTITY}){0,49}$`,
    description: 'up to 50 quantities above 0 in the base asset, separated by commas: 1,2.5',
  }),
};

/** The endpoints of a coin's summary and order book. */
export function bookEndpoints(view: GatewayView): readonly Endpoint[] {
  const asset = assetEndpoints(view);
  const about = {
    book: 'The order book with spread, mid and imbalance',
    depthSummary: 'Spread, volumes, imbalance and liquidity of the order book',
    priceImpact: 'Average price and slippage of market orders against this book alone',
  };
  return [
    asset('', 'The coin at a glance', {}, Asset, (series) => assetAnswer(view, series)),
    asset('orderbook', about.book, { levels: bookLevels, step: Type.Optional(PriceStep) }, Book, (series, asked) =>
      bookAnswer(view, bookOf(series), asked.levels ?? series.book.publishedLevels, asked.step),
    ),
    asset('depth-summary', about.depthSummary, { levels: figureLevels }, DepthSummary, (series, asked) => ({
      ...series.id,
      ...depthSummary(view, bookOf(series), asked.levels),
    })),
    asset('depth-distribution', 'How the depth lies around mid', {}, DepthDistribution, (series) => ({
      ...series.id,
      ...depthDistributionAnswer(view, bookOf(series)),
    })),
    asset('price-impact', about.priceImpact, impact, PriceImpacts, (series, { side, quantities }) => {
      const sizes = quantities.split(',').flatMap((quantity) => canonicalDecimal(quantity) ?? []);
      return { ...series.id, ...priceImpacts(view, bookOf(series), side, sizes) };
    }),
  ];
}

function bookOf({ book: { current }, id }: SymbolSeries): OrderBookSnapshot {
  if (current === undefined) throw noData(id.symbol, 'no order book came yet; is a depth channel subscribed?');
  return current;
}
