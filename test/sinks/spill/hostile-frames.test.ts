import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MAGIC, parseFrames, recordFrame, segmentHead } from '../../../src/sinks/spill/spill-frame.ts';
import { harmless } from '../../../testing/feeds/hostile-json.ts';
import { sampleRecords } from '../../codec/sample-records.ts';

const whole = Buffer.concat([
  segmentHead().subarray(MAGIC.length),
  ...sampleRecords.map((record, index) =>
    recordFrame({ seq: index + 1, barrier: false, out: { topic: 'topic', key: 'key', record } }),
  ),
]);
const { frames: sound } = parseFrames(whole, true);

it('changed bytes cost the frames that they are in, and no others', () => {
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(254), (at, change) => {
      const bytes = Buffer.from(whole);
      bytes[at] = ((bytes[at] as number) + change + 1) % 256;
      const { frames } = harmless(() => parseFrames(bytes, true));
      expect(frames).toHaveLength(sound.length - 1);
    }),
    { numRuns: 500 },
  );
});

it('any bytes are passed over, in time that grows with their number', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4000 }), fc.boolean(), (bytes, atEnd) => {
      const { frames, used } = harmless(() => parseFrames(Buffer.from(bytes), atEnd));
      expect(frames).toEqual([]);
      expect(used).toBeLessThanOrEqual(bytes.length);
    }),
  );
  // A million marks that begin nothing.
  harmless(() => parseFrames(Buffer.from('f5a7'.repeat(2 ** 20), 'hex'), true), 2000);
});
