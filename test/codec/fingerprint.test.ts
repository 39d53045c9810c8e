import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/codec/fingerprint.ts';

// Apache Avro, share/test/data/schema-tests.txt: canonical form and fingerprint as a signed 64-bit number.
const vectors = [
  ['"null"', 7195948357588979594n],
  ['"boolean"', -6970731678124411036n],
  ['"int"', 8247732601305521295n],
] as const;

describe('fingerprint', () => {
  it.each(vectors)('equals the fingerprint of %s in the specification, little-endian', (canonicalForm, expected) => {
    const bytes = fingerprint(canonicalForm);
    expect(bytes).toHaveLength(8);
    expect(Buffer.from(bytes).readBigInt64LE()).toBe(expected);
  });
});
