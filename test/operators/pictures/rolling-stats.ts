import type { MarblePicture } from '../../../scripts/marble-picture.ts';
import type { Rolled } from '../../../src/operators/rolling-stats.ts';

const sum = (accumulator: number, count: number): Rolled<number> => ({ key: 'k', count, accumulator });

export const picture: MarblePicture<number, Rolled<number>> = {
  name: 'rollingStats',
  description:
    'The numbers 1, 2, 3 and 5 go in. After each the sum of the last two comes out: 1 alone, then 3, 5 and 8.',
  inputs: [
    {
      name: 'source',
      marbles: '-1-2-3-5-|',
      values: { 1: 1, 2: 2, 3: 3, 5: 5 },
      marks: {
        1: { tone: 'first', means: 'a value' },
        2: { tone: 'first' },
        3: { tone: 'first' },
        5: { tone: 'first' },
      },
      notes: { 5: '1 is out', 7: '2 is out' },
    },
  ],
  operator: ['rollingStats({ size: 2, … })'],
  result: {
    name: 'result',
    marbles: '-1-3-5-8-|',
    values: { 1: sum(1, 1), 3: sum(3, 2), 5: sum(5, 2), 8: sum(8, 2) },
    marks: {
      1: { tone: 'good', means: 'the sum of the last two' },
      3: { tone: 'good' },
      5: { tone: 'good' },
      8: { tone: 'good' },
    },
  },
};
