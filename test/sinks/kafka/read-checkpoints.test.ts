import { describe, expect, it } from 'vitest';
import { marketKeyOf } from '../../../src/codec/environment-topics.ts';
import { stretchesOf } from '../../../src/sinks/kafka/read-checkpoints.ts';
import { samplePosition } from '../../../testing/records/sample-records.ts';

const HOUR = 3_600_000;
const at = (appendedAt: number, symbol: string, epoch = 1, venue = 'binance') => ({
  ...samplePosition({ symbol, epoch, venue }),
  appendedAt,
});

describe('stretchesOf, the stretches of a topic with the last trades', () => {
  it('returns no stretch if there is no position record', () => {
    expect(stretchesOf([])).toEqual([]);
  });

  it('returns one stretch for position records that are close together, from a minute before the oldest', () => {
    expect(stretchesOf([at(10 * HOUR + 5, 'A'), at(10 * HOUR, 'B')])).toEqual([{ from: 10 * HOUR - 60_000 }]);
  });

  it('skips an older epoch of another venue, unless each venue has epochs of its own', () => {
    const positions = [at(2 * HOUR, 'A', 1, 'bybit'), at(10 * HOUR, 'A', 2)];
    expect(stretchesOf(positions)).toEqual([{ from: 10 * HOUR - 60_000 }]);
    // In mode all, each venue has its own epochs.
    expect(stretchesOf(positions, marketKeyOf('all'))).toHaveLength(2);
  });

  it('returns a stretch around each much older position record, and one from the newest to the end', () => {
    expect(stretchesOf([at(10 * HOUR, 'A'), at(2 * HOUR, 'B'), at(2 * HOUR + 90_000, 'C')])).toEqual([
      { from: 2 * HOUR - 60_000, until: 2 * HOUR + 150_000 },
      { from: 10 * HOUR - 60_000 },
    ]);
  });

  it('returns the end of the topic even if the newest position record is of an earlier epoch', () => {
    expect(stretchesOf([at(10 * HOUR, 'A', 1, 'bybit'), at(9 * HOUR, 'A', 2)])).toEqual([
      { from: 9 * HOUR - 60_000, until: 9 * HOUR + 60_000 },
      { from: 10 * HOUR - 60_000 },
    ]);
  });
});
