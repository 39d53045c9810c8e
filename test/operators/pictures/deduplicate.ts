import type { MarblePicture } from '../../../scripts/marble-picture.ts';

const letters = {
  a: { tone: 'first' },
  b: { tone: 'second' },
  c: { tone: 'third' },
} as const;

export const picture: MarblePicture<string, string> = {
  name: 'deduplicate',
  description:
    'The second a is dropped, because a is one of the last two different keys. When c comes, a is forgotten, so the third a passes as new. The second c is dropped.',
  inputs: [
    {
      name: 'source',
      marbles: '-a-b-a-c-a-c-',
      marks: letters,
      leftOut: [5, 11],
      notes: { 5: 'known', 7: 'a is forgotten', 9: 'new again', 11: 'known' },
    },
  ],
  operator: ['deduplicate({ key: (value) => value, size: 2 })'],
  result: {
    name: 'result',
    marbles: '-a-b---c-a---',
    marks: {
      ...letters,
      a: { tone: 'first', means: 'a value; its letter is its key. The last two different keys are known.' },
    },
  },
};
