import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalFromBytes, decimalToBytes } from '../../src/codec/decimal-bytes.ts';
import { fromUnscaled, unscaled } from '../../src/domain/decimal.ts';
import { arbitraryDecimal } from './arbitrary-records.ts';

/**
 * The definition: two's complement, big-endian, with as few bytes as hold value and sign (Java's
 * BigInteger.toByteArray).
 */
function bytesByDefinition(text: string): Buffer {
  const value = unscaled(text);
  let length = 1;
  while (value < -(2n ** BigInt(8 * length - 1)) || value >= 2n ** BigInt(8 * length - 1)) length++;
  const hex = BigInt.asUintN(8 * length, value).toString(16);
  return Buffer.from(hex.padStart(2 * length, '0'), 'hex');
}

function textByDefinition(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return fromUnscaled(BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`)));
}

describe('decimalToBytes and decimalFromBytes', () => {
  it('encode the same bytes as a reference with big integers', () => {
    fc.assert(
      fc.property(arbitraryDecimal, (text) => {
        expect(decimalToBytes(text)).toEqual(bytesByDefinition(text));
      }),
      { numRuns: 20_000 },
    );
  });

  it('decode the encoded bytes to the same text', () => {
    fc.assert(
      fc.property(arbitraryDecimal, (text) => {
        const bytes = decimalToBytes(text) as Buffer;
        expect(decimalFromBytes(bytes)).toBe(text);
        expect(textByDefinition(bytes)).toBe(text);
      }),
      { numRuns: 20_000 },
    );
  });

  it('decode bytes of any length, and return undefined if the value does not fit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 16 }), (bytes) => {
        const text = textByDefinition(bytes);
        const integer = text.replace('-', '').split('.')[0] ?? '';
        const fits = integer.length <= 20;
        expect(decimalFromBytes(bytes)).toBe(fits ? text : undefined);
      }),
      { numRuns: 5_000 },
    );
    expect(decimalFromBytes(Uint8Array.of(0, 0))).toBe('0');
    expect(decimalFromBytes(Uint8Array.of(0xff, 0xff))).toBe('-0.000000000000000001');
    expect(decimalFromBytes(new Uint8Array())).toBe('0');
    expect(decimalFromBytes(new Uint8Array(17))).toBeUndefined();
  });

  it.each([
    ['0', '00'],
    ['0.000000000000000001', '01'],
    ['-0.000000000000000001', 'ff'],
    ['0.000000000000000127', '7f'],
    ['0.000000000000000128', '0080'],
    ['-0.000000000000000128', '80'],
    ['-0.000000000000000129', 'ff7f'],
    ['1', '0de0b6b3a7640000'],
    ['61837.63', '0d183981f731d6930000'],
    ['99999999999999999999.999999999999999999', '4b3b4ca85a86c47a098a223fffffffff'],
    ['-99999999999999999999.999999999999999999', 'b4c4b357a5793b85f675ddc000000001'],
  ])('encode %s as %s', (text, hex) => {
    expect(decimalToBytes(text)?.toString('hex')).toBe(hex);
  });

  it('encode text that is not canonical by its value', () => {
    expect(decimalToBytes('1.50')).toEqual(decimalToBytes('1.5'));
    expect(decimalToBytes('-0')).toEqual(decimalToBytes('0'));
  });

  it.each([
    '',
    '-',
    '.',
    '1.',
    '.5',
    '1e5',
    'NaN',
    '1,5',
    '+1',
    ' 1',
    '1.2.3',
    '--1',
    '٣',
    '0.0000000000000000001',
    '100000000000000000000',
  ])('return undefined for %j', (text) => {
    expect(decimalToBytes(text)).toBeUndefined();
  });
});
