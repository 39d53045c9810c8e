/** A price or book ticker older than this does not show the present market, milliseconds. */
export const FRESH_PRICE_MS = 5000;
