import type { Checkpoint } from '../../src/operators/sequence/id-sequence.ts';
import type { SeriesCheckpoint } from '../../src/sinks/contract.ts';

/** Makes the last trade of a series. Its timestamp equals its id. */
export const lastTrade = (id: number): Checkpoint => ({ id: String(id), timestamp: id });

/** The checkpoint of the trades of BTCUSDT at a venue. */
export function seriesCheckpoint(
  venue: string,
  epoch: number,
  last: SeriesCheckpoint['last'],
  more: Partial<SeriesCheckpoint> = {},
): SeriesCheckpoint {
  return { venue, symbol: 'BTCUSDT', epoch, environment: 'production', kind: 'trade', last, ...more };
}

export interface KindsOfTrades {
  readonly trade?: SeriesCheckpoint['last'];
  readonly agg_trade?: SeriesCheckpoint['last'];
}

/** The checkpoints of both kinds of trades, by venue and symbol. */
export function byVenueAndSymbol(checkpoints: readonly SeriesCheckpoint[]): Map<string, KindsOfTrades> {
  const found = new Map<string, KindsOfTrades>();
  for (const { kind, last, ...of } of checkpoints) {
    const key = `${of.venue}:${of.symbol}`;
    found.set(key, { trade: undefined, agg_trade: undefined, ...found.get(key), ...of, [kind]: last });
  }
  return found;
}
