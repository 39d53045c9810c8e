import type { Instrument } from '../../../domain/instrument.ts';
import { malformed } from '../../decode/fields.ts';

/** Throws a Fault (malformed) where the symbol in the data is not the topic's: they have been seen to disagree. */
export function requireSymbol(symbol: unknown, field: string, instrument: Instrument): void {
  if (symbol === instrument.venueSymbol) return;
  throw malformed(
    field,
    symbol === undefined
      ? 'is missing (the symbol)'
      : `is ${JSON.stringify(symbol)}, not the topic's ${instrument.venueSymbol}`,
  );
}
