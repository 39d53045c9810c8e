import type { Instrument } from '../../domain/instrument.ts';
import type { ListedInstrument } from '../../venues/contract.ts';

/** Remembers each instrument's last row in the venue's list, and finds changed rows. Pure: no clock, no I/O. */
export class RowChanges {
  /** By canonical symbol. */
  readonly #last = new Map<string, ListedInstrument>();

  /**
   * Returns the row if it differs from the instrument's last one. An instrument without a row gets its last row, with
   * the status `closed`.
   */
  next(instrument: Instrument, listed: ListedInstrument | undefined): ListedInstrument | undefined {
    const last = this.#last.get(instrument.symbol);
    const row = listed ?? { ...(last ?? unknownRow(instrument)), status: 'closed' };
    if (last !== undefined && isEqual(row, last)) return undefined;
    this.#last.set(instrument.symbol, row);
    return row;
  }

  remove(symbol: string): void {
    this.#last.delete(symbol);
  }
}

function unknownRow({ venueSymbol, coin, symbol }: Instrument): Omit<ListedInstrument, 'status'> {
  const quote = symbol.slice(coin.length);
  const limits = { tickSize: null, lotStep: null, minQuantity: null, minValue: null, multiplier: null };
  return { venueSymbol, base: coin, quote, ...limits };
}

function isEqual(a: ListedInstrument, b: ListedInstrument): boolean {
  return (
    a.status === b.status &&
    a.tickSize === b.tickSize &&
    a.lotStep === b.lotStep &&
    a.minQuantity === b.minQuantity &&
    a.minValue === b.minValue &&
    a.multiplier === b.multiplier
  );
}
