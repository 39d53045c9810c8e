import type { ListedInstrument } from '../../src/venues/contract.ts';

/** A row of an instrument list: a coin that trades, with usual limits. */
export function listedRow(base: string, changes: Partial<ListedInstrument> = {}): ListedInstrument {
  return {
    venueSymbol: `${base}USDT`,
    base,
    quote: 'USDT',
    status: 'trading',
    tickSize: '0.01',
    lotStep: '0.0001',
    minQuantity: '0.0001',
    minValue: '5',
    multiplier: null,
    ...changes,
  };
}
