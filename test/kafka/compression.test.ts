import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODECS } from '../../src/kafka/compression.ts';

const MIB = 2 ** 20;
const NAMES = Object.keys(CODECS) as (keyof typeof CODECS)[];

describe.each(NAMES)('the codec %s', (name) => {
  const codec = CODECS[name];

  it('returns the same bytes if they are shorter than allowed', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('trade'), Buffer.alloc(MIB, 'a trade ')]) {
      const packed = await codec.compress(bytes);
      expect((await codec.decompress(packed, 4 * MIB))?.equals(bytes)).toBe(true);
    }
  });

  it('returns nothing if the bytes unfold to more than the allowed length', async () => {
    const bomb = await codec.compress(Buffer.alloc(16 * MIB));
    expect(bomb.length).toBeLessThan(MIB);
    expect(await codec.decompress(bomb, 8 * MIB)).toBeUndefined();
  });

  it('ends with a result or an error for bytes with random changes', async () => {
    const packed = await codec.compress(Buffer.alloc(100_000, 'a trade '));
    const changes = fc.array(fc.tuple(fc.nat({ max: packed.length - 1 }), fc.nat({ max: 255 })), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(changes, fc.nat({ max: packed.length }), async (changed, length) => {
        const bytes = Buffer.from(packed);
        for (const [at, byte] of changed) bytes[at] = byte;
        const result = await codec.decompress(bytes.subarray(0, length), MIB).catch(() => undefined);
        expect(result?.length ?? 0).toBeLessThanOrEqual(MIB);
      }),
      { numRuns: 300 },
    );
  });
});

it('the codec snappy refuses a block with a negative length', async () => {
  const bytes = Buffer.from(await CODECS.snappy.compress(Buffer.from('trade')));
  bytes.writeInt32BE(-4, 16);
  await expect(CODECS.snappy.decompress(bytes, MIB)).rejects.toThrow('cut off');
});
