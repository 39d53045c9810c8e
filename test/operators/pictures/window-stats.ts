import type { MarblePicture } from '../../../scripts/marble-picture.ts';
import type { ClosedWindow } from '../../../src/operators/window/window-timeline.ts';

interface Trade {
  readonly name: string;
  readonly timestamp: number;
}

export const picture: MarblePicture<Trade, ClosedWindow<string>> = {
  name: 'windowStats',
  description:
    'Trades have the timestamps 2, 8, 14 and 9. The window from 0 to 10 is emitted when the trade of 14 comes, because 14 is past 10 plus the allowed lateness of 3. It has the trades of 2 and 8. The trade of 9 is late.',
  inputs: [
    {
      name: 'source',
      marbles: '-a--b--c--d---|',
      values: {
        a: { name: 'a', timestamp: 2 },
        b: { name: 'b', timestamp: 8 },
        c: { name: 'c', timestamp: 14 },
        d: { name: 'd', timestamp: 9 },
      },
      marks: {
        a: { label: 'a 2', tone: 'first', means: 'trade a, timestamp 2' },
        b: { label: 'b 8', tone: 'first' },
        c: { label: 'c 14', tone: 'second', means: 'a trade of the next window' },
        d: { label: 'd 9', tone: 'quiet', means: 'a late trade' },
      },
      leftOut: [10],
      notes: { 7: '14 is past 10 + 3', 10: 'late' },
    },
  ],
  operator: ['windowStats({ windowMs: 10, allowedLatenessMs: 3, … })'],
  result: {
    name: 'result',
    marbles: '-------w------|',
    values: { w: { key: 'k', windowStart: 0, windowEnd: 10, accumulator: 'ab', complete: true } },
    marks: { w: { label: '[0, 10): a, b', tone: 'good', means: 'the window with its trades' } },
  },
};
