import { canonicalDecimal, type Decimal, isNotNegative, isPositive } from '../../domain/decimal.ts';
import { asFault, Fault } from '../../domain/fault.ts';
import { isTradeId } from '../../domain/trade-id.ts';
import type { OnBadRow, PageRows, Rows } from '../contract.ts';

/** An object whose fields are not checked yet. */
export type Unchecked = Readonly<Record<string, unknown>>;

const ZERO = /^0+(?:\.0*)?$/;

/** No time in milliseconds since 1970 is as large as this. */
const TIME_LIMIT_MS = 100_000_000_000_000;
/** Times from this number on have 16 digits: they are microseconds since 1970. */
const MICROS_FROM = 1_000_000_000_000_000;

/** Makes a Fault for an undocumented value. `field` is its path, such as `data.p`; empty for the whole frame. */
export function malformed(field: string, problem: string): Fault {
  return new Fault('malformed', `${field === '' ? 'frame' : field} ${problem}`, {
    retry: { kind: 'never' },
    ...(field === '' ? {} : { field }),
  });
}

/** Puts `path` before a fault's field: `p` becomes `data[3].p`, `[0]` becomes `data[3][0]`. */
export function within(path: string, error: unknown): unknown {
  if (!(error instanceof Fault)) return error;
  const { field, message } = error;
  const problem = message.slice(message.indexOf(' ') + 1);
  return malformed(field === undefined ? path : `${path}${field.startsWith('[') ? '' : '.'}${field}`, problem);
}

function wrong(field: string, value: unknown, wanted: string): Fault {
  return malformed(field, value === undefined ? `is missing (${wanted})` : `is ${shown(value)}, not ${wanted}`);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
  return typeof value === 'string' && value.length > 40 ? `${text}… (${value.length} characters)` : text;
}

/** Returns a venue's value for messages: text is shortened, other values are described. */
export function wordsOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : shown(value);
}

export function isObject(value: unknown): value is Unchecked {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the value if it is an object. Its fields stay unchecked. */
export function readObject(value: unknown, field: string): Unchecked {
  if (!isObject(value)) throw wrong(field, value, 'an object');
  return value;
}

export function readArray(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(field, value, 'an array');
  return value;
}

/** Reads all rows; throws for the first unreadable one. In its faults, `read` names fields by their path in the row. */
export function readEach<T>(value: unknown, field: string, read: (row: unknown) => T): readonly T[] {
  const rows = readArray(value, field);
  const all: T[] = [];
  try {
    for (const row of rows) all.push(read(row));
  } catch (error) {
    throw within(`${field}[${all.length}]`, error);
  }
  return all;
}

/** Reads the rows of an answer and reports the unreadable rows; throws if no row is readable. */
export function readPage<T>(
  value: unknown,
  field: string,
  read: (row: unknown) => T,
  onBadRow?: OnBadRow,
): PageRows<T> {
  const bad: { readonly fault: Fault; readonly row: unknown }[] = [];
  const rows = readArray(value, field).map((row, index) => {
    try {
      return read(row);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      bad.push({ fault: asFault(within(`${field}[${index}]`, error)), row });
      return undefined;
    }
  });
  const [first] = bad;
  if (first !== undefined && bad.length === rows.length) throw first.fault;
  for (const { fault, row } of bad) onBadRow?.(fault, row);
  return rows;
}

export function readableRows<T>(rows: PageRows<T>): readonly T[] {
  return rows.filter((row) => row !== undefined);
}

/** Reads all readable rows and counts the unreadable rows; throws if no row is readable. */
export function readRows<T>(value: unknown, field: string, read: (row: Unchecked) => T): Rows<T> {
  const page = readPage(value, field, (row) => read(readObject(row, '')));
  const rows = readableRows(page);
  return { rows, malformed: page.length - rows.length };
}

export function readString(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw wrong(field, value, 'a non-empty string');
  return value;
}

export function readBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw wrong(field, value, 'a boolean');
  return value;
}

/** Reads a time, milliseconds since 1970. */
export function readTime(value: unknown, field: string): number {
  if (typeof value !== 'number' || !isTime(value)) throw wrong(field, value, 'milliseconds since 1970');
  return value;
}

/** Reads a time in milliseconds or microseconds since 1970; returns milliseconds. */
export function readTimeOfAnyUnit(value: unknown, field: string): number {
  return isMicros(value) ? millisOf(value) : readTime(value, field);
}

/** Returns true if a time is in microseconds since 1970: it has 16 digits. */
export function isMicros(value: unknown): value is number {
  return typeof value === 'number' && value >= MICROS_FROM && Number.isSafeInteger(value);
}

/** Returns microseconds as milliseconds, rounded down. */
export function millisOf(micros: number): number {
  return Math.floor(micros / 1000);
}

/** As `readTime`, for a venue that sends 0 if there is no time. */
export function readTimeOrZero(value: unknown, field: string): number | null {
  return value === 0 ? null : readTime(value, field);
}

export function isTime(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && value < TIME_LIMIT_MS;
}

export function readCount(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw wrong(field, value, 'an integer from 0 to 2^53 - 1');
  return value;
}

export function readNumericId(value: unknown, field: string): string {
  return digitsOf(readCount(value, field));
}

/** Converts an integer to text. Two small halves become text several times faster than one number beyond 2^31. */
function digitsOf(value: number): string {
  if (value < 1_000_000) return String(value);
  const high = Math.floor(value / 1_000_000);
  return String(high) + String(1_000_000 + (value - high * 1_000_000)).slice(1);
}

/** Reads an id of up to 39 digits, sent as text. */
export function readTextId(value: unknown, field: string): string {
  if (typeof value !== 'string' || !isTradeId(value)) throw wrong(field, value, 'an id of digits');
  return value;
}

/** Reads a decimal of any sign, sent as text. */
export function readDecimal(value: unknown, field: string): Decimal {
  const decimal = typeof value === 'string' ? canonicalDecimal(value) : undefined;
  if (decimal === undefined)
    throw wrong(field, value, 'a decimal as text, with at most 20 digits before and 18 after the point');
  return decimal;
}

/** Reads a decimal above zero: a price, or the quantity of a trade. */
export function readPositive(value: unknown, field: string): Decimal {
  const decimal = readDecimal(value, field);
  if (!isPositive(decimal)) throw wrong(field, value, 'greater than 0');
  return decimal;
}

/**
 * Returns true if every price is zero, as text: the market has not traded yet. If only some are zero, `readPositive`
 * rejects them later.
 */
export function areZero(...prices: readonly unknown[]): boolean {
  return prices.every((price) => typeof price === 'string' && ZERO.test(price));
}

/** Reads a decimal of zero or more: a volume. */
export function readNotNegative(value: unknown, field: string): Decimal {
  const decimal = readDecimal(value, field);
  if (!isNotNegative(decimal)) throw wrong(field, value, '0 or greater');
  return decimal;
}

/** Reads a price of the last 24 hours; null for zero, which says that there was no price. */
export function readDayPrice(value: unknown, field: string): Decimal | null {
  return priceOrNull(readNotNegative(value, field));
}

export function priceOrNull(price: Decimal): Decimal | null {
  return price === '0' ? null : price;
}

/** Reads a step or a minimum of the instrument list. Null if it is absent or 0, which means that there is none. */
export function readLimit(value: unknown, field: string): Decimal | null {
  if (value === undefined) return null;
  const limit = readNotNegative(value, field);
  return isPositive(limit) ? limit : null;
}
