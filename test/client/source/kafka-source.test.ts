import { describe, expect, it } from 'vitest';
import { behindPositions } from '../../../src/client/source/kafka-source.ts';

describe('the position at which reading resumes after a failure', () => {
  const handedOut = new Map([[0, 7]]);

  it('is after the last delivered record, and at the beginning for partitions that are added later', () => {
    expect(behindPositions('end', handedOut)).toEqual({
      offsets: new Map([[0, 7n]]),
      otherwise: 'beginning',
      onlyThese: false,
    });
    expect(behindPositions({ timeMs: 5 }, new Map())).toEqual({ timeMs: 5 });
  });

  it('stays at the initial offset for partitions of a group share without a delivered record', () => {
    const offsets = new Map<number, bigint | undefined>([
      [0, 3n],
      [1, 5n],
      [2, undefined],
    ]);
    const share = { offsets, otherwise: 'end', onlyThese: true } as const;
    expect(behindPositions(share, handedOut)).toEqual({ ...share, offsets: new Map([...offsets, [0, 7n]]) });
    expect(behindPositions(share, new Map())).toEqual(share);
  });
});
