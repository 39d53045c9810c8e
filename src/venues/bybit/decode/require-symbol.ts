import { malformed } from '../../decode/fields.ts';

/** Throws a Fault (malformed) where the symbol in the data is not the topic's: they have been seen to disagree. */
export function requireSymbol(symbol: unknown, field: string, venueSymbol: string): void {
  if (symbol === venueSymbol) return;
  const problem = `is ${JSON.stringify(symbol)}, not the topic's ${venueSymbol}`;
  throw malformed(field, symbol === undefined ? 'is missing (the symbol)' : problem);
}
