/** `market-feed/decimal`: exact arithmetic with decimals, which are text. */
export type { Decimal } from '../domain/decimal.ts';
export {
  add,
  compare,
  divide,
  max,
  min,
  multiply,
  type Rounding,
  type RoundingOptions,
  subtract,
} from './arithmetic.ts';
