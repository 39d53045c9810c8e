const ZEROS = ['', '0', '00', '000', '0000', '00000', '000000', '0000000', '00000000'];

/** Writes `units` steps of 10^-decimals with all places: `fixed(12345, 2)` is `123.45`. */
export function fixed(units: number, decimals: number): string {
  if (decimals === 0) return `${units}`;
  let digits = `${units}`;
  if (digits.length <= decimals) digits = '0'.repeat(decimals + 1 - digits.length) + digits;
  const at = digits.length - decimals;
  return `${digits.slice(0, at)}.${digits.slice(at)}`;
}

/** Binance's form, always eight places: `61837.63000000`. */
export function eightPlaces(units: number, decimals: number): string {
  if (units < 0) return `-${eightPlaces(-units, decimals)}`;
  const text = fixed(units, decimals);
  return decimals === 0 ? `${text}.00000000` : text + ZEROS[8 - decimals];
}

/** Bybit's form, without trailing zeros: `77141`, `0.00292`. */
export function shortest(units: number, decimals: number): string {
  let left = units;
  let places = decimals;
  while (places > 0 && left % 10 === 0) {
    left /= 10;
    places--;
  }
  return fixed(left, places);
}
