import { type Digits, numberAt } from '../digits.ts';

/**
 * Keeps trades in reused arrays of numbers. Prices and quantities are in units of their finest decimal place so far;
 * NaN if not exact.
 */
export class TradeColumns {
  readonly prices: Float64Array;
  readonly quantities: Float64Array;
  /** 1 if the taker sold, otherwise 0. */
  readonly sold: Uint8Array;
  pricePlaces = 0;
  quantityPlaces = 0;

  constructor(slots: number) {
    this.prices = new Float64Array(slots);
    this.quantities = new Float64Array(slots);
    this.sold = new Uint8Array(slots);
  }

  put(slot: number, price: Digits, quantity: Digits, sold: boolean): void {
    if (price.places > this.pricePlaces) {
      scale(this.prices, price.places - this.pricePlaces);
      this.pricePlaces = price.places;
    }
    if (quantity.places > this.quantityPlaces) {
      scale(this.quantities, quantity.places - this.quantityPlaces);
      this.quantityPlaces = quantity.places;
    }
    this.prices[slot] = numberAt(price, this.pricePlaces);
    this.quantities[slot] = numberAt(quantity, this.quantityPlaces);
    this.sold[slot] = Number(sold);
  }
}

function scale(column: Float64Array, places: number): void {
  for (const [slot, digits] of column.entries()) column[slot] = numberAt({ digits, places: 0 }, places);
}
