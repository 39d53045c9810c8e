import type { GatewayStats } from '../api/feed-answers.ts';
import type { GatewayView } from '../view/view.ts';
import { bookEndpoints } from './book-endpoints.ts';
import type { Endpoint } from './endpoint.ts';
import { feedEndpoints } from './feed-endpoints.ts';
import { tradeEndpoints } from './trade-endpoints.ts';

export interface EndpointOptions {
  readonly view: GatewayView;
  readonly stats: () => GatewayStats;
  /** Multiple of the mean from which on a trade is large, where nothing else is asked for. */
  readonly largeTradeThreshold: number;
}

/** All that can be asked for by REST. */
export function endpoints({ view, stats, largeTradeThreshold }: EndpointOptions): readonly Endpoint[] {
  return [...feedEndpoints(view, stats), ...bookEndpoints(view), ...tradeEndpoints(view, largeTradeThreshold)];
}
