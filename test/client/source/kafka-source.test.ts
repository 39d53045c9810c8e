import { describe, expect, it } from 'vitest';
import { behindPositions } from '../../../src/client/source/kafka-source.ts';

describe('the position at which reading resumes after a failure', () => {
  const handedOut = new Map([[0, 7]]);

  it('is behind what was handed out; what a topic is given in addition is new from its beginning', () => {
    expect(behindPositions('end', handedOut)).toEqual({
      offsets: new Map([[0, 7n]]),
      otherwise: 'beginning',
      onlyThese: false,
    });
    expect(behindPositions({ timeMs: 5 }, new Map())).toEqual({ timeMs: 5 });
  });

  it('is of a share that was not begun yet where it was to begin', () => {
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
