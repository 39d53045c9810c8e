import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalDecimal,
  compareDecimals,
  DECIMAL_SCALE,
  fromUnscaled,
  isNotNegative,
  isPositive,
  unscaled,
} from '../../src/domain/decimal.ts';

const LIMIT = 10n ** 38n - 1n;
const CANONICAL = /^(?:0|-?(?:[1-9]\d{0,19}|0(?=\.))(?:\.\d{0,17}[1-9])?)$/;

/** Any value that a Decimal can hold, × 10^18, with small and round ones often enough. */
const values = fc.oneof(
  fc.bigInt({ min: -LIMIT, max: LIMIT }),
  fc.bigInt({ min: -1_000n, max: 1_000n }),
  fc
    .tuple(fc.bigInt({ min: -99_999n, max: 99_999n }), fc.integer({ min: 0, max: 33 }))
    .map(([n, e]) => n * 10n ** BigInt(e)),
);

describe('canonicalDecimal', () => {
  it.each([
    ['61837.63000000', '61837.63'],
    ['0.00000000', '0'],
    ['-0.00', '0'],
    ['-0', '0'],
    ['0', '0'],
    ['77140', '77140'],
    ['100', '100'],
    ['0.8292', '0.8292'],
    ['-250.00', '-250'],
    ['1e3', '1000'],
    ['1E-8', '0.00000001'],
    ['1.50e1', '15'],
    ['-12.5e-1', '-1.25'],
    ['100e-2', '1'],
    ['0e5', '0'],
    ['0e-64', '0'],
    ['0.000000000000000001', '0.000000000000000001'],
    ['99999999999999999999.999999999999999999', '99999999999999999999.999999999999999999'],
    ['1.0000000000000000000000000000', '1'],
  ])('converts %s to %s', (text, decimal) => {
    expect(canonicalDecimal(text)).toBe(decimal);
  });

  it.each([
    '',
    ' ',
    '-',
    '.',
    '.5',
    '5.',
    '+1',
    '01',
    '00',
    '-01.5',
    '1.2.3',
    '1,5',
    ' 1',
    '1 ',
    '1\n',
    'NaN',
    'Infinity',
    '-Infinity',
    '0x10',
    '1e',
    'e5',
    '1e1e1',
    '1e99999',
    '1e65',
    '١',
    '1_000',
    '--1',
    '0.0000000000000000001',
    '100000000000000000000',
    '1e20',
    '1e-19',
    `0.${'0'.repeat(70)}`,
    'null',
  ])('returns undefined for %j', (text) => {
    expect(canonicalDecimal(text)).toBeUndefined();
  });

  it('keeps the value of text with padding zeros or an exponent', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 6 }), fc.integer({ min: -6, max: 6 }), (value, zeros, shift) => {
        const plain = fromUnscaled(value);
        const padded = `${plain}${plain.includes('.') ? '' : '.'}${'0'.repeat(zeros + 1)}`;
        expect(canonicalDecimal(padded)).toBe(plain);
        expect(canonicalDecimal(`${value}e-18`)).toBe(plain);
        const scaled = `${value}e${shift - DECIMAL_SCALE}`;
        const fits = shift >= 0 ? abs(value) * 10n ** BigInt(shift) <= LIMIT : value % 10n ** BigInt(-shift) === 0n;
        const wanted = shift >= 0 ? value * 10n ** BigInt(shift) : value / 10n ** BigInt(-shift);
        expect(canonicalDecimal(scaled)).toBe(fits ? fromUnscaled(wanted) : undefined);
      }),
    );
  });

  it('is idempotent and returns only canonical text', () => {
    const texts = fc.oneof(
      fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '-', 'e', '+', ' '), maxLength: 70 }),
      fc.double().map(String),
      fc.string(),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const decimal = canonicalDecimal(text);
        if (decimal === undefined) return;
        expect(decimal).toMatch(CANONICAL);
        expect(canonicalDecimal(decimal)).toBe(decimal);
      }),
      { numRuns: 5_000 },
    );
  });

  it('keeps the value of a double whose text it accepts', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e15, max: 1e15, noNaN: true }), (number) => {
        const decimal = canonicalDecimal(String(number));
        if (decimal !== undefined) expect(Number(decimal)).toBe(number === 0 ? 0 : number);
      }),
    );
  });
});

describe('unscaled and fromUnscaled', () => {
  it("are each other's inverse over the full range", () => {
    fc.assert(
      fc.property(values, (value) => {
        const decimal = fromUnscaled(value);
        expect(decimal).toMatch(CANONICAL);
        expect(canonicalDecimal(decimal)).toBe(decimal);
        expect(unscaled(decimal)).toBe(value);
      }),
    );
  });

  it('convert between text and integers with 18 decimal places', () => {
    expect(unscaled('61837.63')).toBe(61_837_630_000_000_000_000_000n);
    expect(unscaled('-0.5')).toBe(-500_000_000_000_000_000n);
    expect(fromUnscaled(1n)).toBe('0.000000000000000001');
    expect(fromUnscaled(0n)).toBe('0');
    expect(fromUnscaled(-1_500_000_000_000_000_000n)).toBe('-1.5');
  });
});

describe('compareDecimals, isPositive, isNotNegative', () => {
  it('order decimals like their unscaled integers', () => {
    fc.assert(
      fc.property(values, fc.oneof(values, fc.bigInt({ min: -2n, max: 2n })), (a, b) => {
        const near = a + b > LIMIT || a + b < -LIMIT ? a : a + b;
        for (const other of [b, near]) {
          expect(Math.sign(compareDecimals(fromUnscaled(a), fromUnscaled(other)))).toBe(
            a < other ? -1 : a > other ? 1 : 0,
          );
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('recognize positive decimals and decimals that are not negative', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(isPositive(fromUnscaled(value))).toBe(value > 0n);
        expect(isNotNegative(fromUnscaled(value))).toBe(value >= 0n);
      }),
    );
  });
});

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
