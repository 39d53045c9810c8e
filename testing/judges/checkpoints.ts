import type { Checkpoint } from '../../src/operators/sequence/id-sequence.ts';
import type { SeriesCheckpoint } from '../../src/sinks/contract.ts';

/** A last trade, whose timestamp is its id. */
export const lastTrade = (id: number): Checkpoint => ({ id: String(id), timestamp: id });

/** Where the trades of BTCUSDT of a venue end in a sink. */
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

/** The checkpoints of both kinds by venue and symbol. */
export function byVenueAndSymbol(checkpoints: readonly SeriesCheckpoint[]): Map<string, KindsOfTrades> {
  const found = new Map<string, KindsOfTrades>();
  for (const { kind, last, ...of } of checkpoints) {
    const key = `${of.venue}:${of.symbol}`;
    found.set(key, { trade: undefined, agg_trade: undefined, ...found.get(key), ...of, [kind]: last });
  }
  return found;
}
