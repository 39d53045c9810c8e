import type { Ending, LastTrade } from '../../src/sinks/contract.ts';

/** A last trade, whose timestamp is its id. */
export const lastTrade = (id: number): LastTrade => ({ id: String(id), timestamp: id });

/** How a sink ends in BTCUSDT of a venue. */
export function endingOf(venue: string, epoch: number, trade: Ending['trade'], more: Partial<Ending> = {}): Ending {
  return { venue, symbol: 'BTCUSDT', epoch, environment: 'production', trade, aggTrade: undefined, ...more };
}
