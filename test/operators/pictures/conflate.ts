import type { MarblePicture } from '../../../scripts/marble-picture.ts';

const letters = {
  a: { tone: 'first' },
  b: { tone: 'second' },
  A: { tone: 'first', means: 'newer than a, of the same key' },
  c: { tone: 'third' },
} as const;

export const picture: MarblePicture<string, string[]> = {
  name: 'conflate',
  description:
    'Values wait until they are released. A newer value of a key takes the place of the one that waits: a, b and A are released as A and b. A release while nothing waits gives nothing. What still waits at the end comes right before the completion.',
  inputs: [
    {
      name: 'source',
      marbles: '-a-b-A----c----b-|',
      marks: letters,
      notes: { 5: 'takes the place of a' },
      leftOut: [1],
    },
    {
      name: 'release$',
      marbles: '-------x-x----x---',
      marks: { x: { label: '↓', tone: 'quiet', means: 'somebody can take what waits' } },
      notes: { 9: 'nothing waits' },
    },
  ],
  operator: ['conflate({ key: (value) => value.toLowerCase(), release$ })'],
  result: {
    name: 'result',
    marbles: '-------r------s--(t|)',
    values: { r: ['A', 'b'], s: ['c'], t: ['b'] },
    marks: {
      r: { label: '[A, b]', tone: 'good', means: 'an array: the newest of each key' },
      s: { label: '[c]', tone: 'good' },
      t: { label: '[b]', tone: 'good' },
    },
    notes: { 17: 'the rest' },
  },
};
