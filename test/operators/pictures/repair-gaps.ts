import type { MarblePicture } from '../../../scripts/marble-picture.ts';
import type { GapEvent } from '../../../src/operators/repair-gaps.ts';

const live = { tone: 'first' } as const;
const fetched = { tone: 'second' } as const;
const value = (id: string): GapEvent<string> => ({ kind: 'value', key: '', value: id });
const before = { id: '2', timestamp: 2 };

/** The values are ids. The operator reads each id also as the value's timestamp, which is not its place in the picture. */
export const picture: MarblePicture<string, GapEvent<string>> = {
  name: 'repairGaps',
  description:
    'The values 1 and 2 pass. When 5 comes, 3 and 4 are missing: pending is emitted at once, and 5 and 6 wait. Three milliseconds later, the answer brings 3 and 4. They come first, then the repaired gap, then 5 and 6. 7 passes at once.',
  inputs: [
    {
      name: 'source',
      marbles: '-1-2-5-6-------7-',
      marks: { 1: { ...live, means: 'a value and its id' }, 2: live, 5: live, 6: live, 7: live },
      notes: { 5: '3 and 4 are missing' },
      spans: [[5, 8, 'until the answer']],
    },
    {
      name: 'fetch',
      from: 5,
      marbles: '---(a|)',
      marks: { a: { ...fetched, label: '[3, 4]', means: 'the answer of fetch' } },
    },
  ],
  operator: ['repairGaps({ first: Number, timestamp: Number, fetch })'],
  result: {
    name: 'result',
    marbles: '-1-2-p--(34g56)7-',
    values: {
      1: value('1'),
      2: value('2'),
      p: { kind: 'pending', key: '', gap: { before, after: '5', missing: 2, filled: 0 } },
      3: value('3'),
      4: value('4'),
      g: { kind: 'gap', key: '', gap: { before, after: '5', missing: 2, filled: 2 } },
      5: value('5'),
      6: value('6'),
      7: value('7'),
    },
    marks: {
      1: live,
      2: live,
      p: { label: 'pending', tone: 'bad', means: '2 are missing and are fetched' },
      3: fetched,
      4: fetched,
      g: { label: 'gap', tone: 'good', means: 'the gap ended: 2 of 2 filled' },
      5: live,
      6: live,
      7: live,
    },
  },
};
