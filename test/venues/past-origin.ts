import type { PastOrigin, PastSeries } from '../../src/venues/contract.ts';

/* What requests for past records need (`ORIGIN`), and the fields that these records then have (`COMMON`). */

export const ORIGIN: PastOrigin = {
  instrument: { coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' },
  environment: 'simulated',
  receivedAt: () => 1_700_000_000_123_456,
};

/** The origin fields of every past record. */
export const COMMON = {
  symbol: 'BTCUSDT',
  venueSymbol: 'BTCUSDT',
  coin: 'BTC',
  environment: 'simulated',
  epoch: 0,
  receivedAt: 1_700_000_000_123_456,
} as const;

export function present(series: PastSeries | undefined): PastSeries {
  if (series === undefined) throw new Error('no such series');
  return series;
}
