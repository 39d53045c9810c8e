import { type Digits, numberAt } from '../digits.ts';

/** Trades as columns, a slot each: decimals × 10^places as numbers, NaN where a number is not exact. */
export interface TradeColumns {
  readonly prices: Float64Array;
  readonly pricePlaces: number;
  readonly quantities: Float64Array;
  readonly quantityPlaces: number;
  /** 1 where the taker sold. */
  readonly sold: Uint8Array;
}

/** Columns that are filled slot by slot, and again; the unit is the finest place so far. */
export class ColumnWriter {
  readonly #prices: Float64Array;
  readonly #quantities: Float64Array;
  readonly #sold: Uint8Array;
  #pricePlaces = 0;
  #quantityPlaces = 0;

  constructor(slots: number) {
    this.#prices = new Float64Array(slots);
    this.#quantities = new Float64Array(slots);
    this.#sold = new Uint8Array(slots);
  }

  put(slot: number, price: Digits, quantity: Digits, sold: boolean): void {
    if (price.places > this.#pricePlaces) {
      scale(this.#prices, price.places - this.#pricePlaces);
      this.#pricePlaces = price.places;
    }
    if (quantity.places > this.#quantityPlaces) {
      scale(this.#quantities, quantity.places - this.#quantityPlaces);
      this.#quantityPlaces = quantity.places;
    }
    this.#prices[slot] = numberAt(price, this.#pricePlaces);
    this.#quantities[slot] = numberAt(quantity, this.#quantityPlaces);
    this.#sold[slot] = Number(sold);
  }

  /** The first `slots` slots; they go on to change with the next `put`. */
  read(slots: number): TradeColumns {
    return {
      prices: this.#prices.subarray(0, slots),
      pricePlaces: this.#pricePlaces,
      quantities: this.#quantities.subarray(0, slots),
      quantityPlaces: this.#quantityPlaces,
      sold: this.#sold.subarray(0, slots),
    };
  }
}

function scale(column: Float64Array, places: number): void {
  for (const [slot, digits] of column.entries()) column[slot] = numberAt({ digits, places: 0 }, places);
}
