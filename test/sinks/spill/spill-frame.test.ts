import { describe, expect, it } from 'vitest';
import { entryOf, HEADER, MAGIC, parseFrames, recordFrame, segmentHead } from '../../../src/sinks/spill/spill-frame.ts';
import { sampleBookDelta, sampleRecords } from '../../codec/sample-records.ts';

const levels = (from: number) =>
  Array.from({ length: 5000 }, (_, index) => ({
    price: `${from + index}.01`,
    quantity: `1234567890${index}.12345678`,
  }));

describe('a frame of the spill', () => {
  it('carries a record of every kind unchanged, a book of 5,000 levels a side too', () => {
    const whole = sampleBookDelta({ snapshot: true, bids: levels(60_000), asks: levels(70_000) });
    const entries = [...sampleRecords, whole].map((record, index) => ({
      seq: index + 1,
      barrier: index % 2 === 0,
      out: { topic: 'topic', key: 'key', record },
    }));
    const bytes = Buffer.concat([segmentHead().subarray(MAGIC.length), ...entries.map(recordFrame)]);
    const { frames, used } = parseFrames(bytes, true);
    expect(used).toBe(bytes.length);
    const records = frames.filter(({ type }) => type !== HEADER);
    expect(records.map((frame) => entryOf(frame, []))).toEqual(entries);
  });
});
