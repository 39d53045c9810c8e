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
    'Values wait until a release. A newer value of a key replaces the waiting one: a, b and A are released as A and b. A release emits nothing if nothing waits. Values that still wait at the end come right before the completion.',
  inputs: [
    {
      name: 'source',
      marbles: '-a-b-A----c----b-|',
      marks: letters,
      notes: { 5: 'replaces a' },
      leftOut: [1],
    },
    {
      name: 'release$',
      marbles: '-------x-x----x---',
      marks: { x: { label: '↓', tone: 'quiet', means: 'a release' } },
      notes: { 9: 'nothing waits' },
    },
  ],
  operator: ['conflate({ key: (value) => value.toLowerCase(), release$ })'],
  result: {
    name: 'result',
    marbles: '-------r------s--(t|)',
    values: { r: ['A', 'b'], s: ['c'], t: ['b'] },
    marks: {
      r: { label: '[A, b]', tone: 'good', means: 'an array with the newest value of each key' },
      s: { label: '[c]', tone: 'good' },
      t: { label: '[b]', tone: 'good' },
    },
    notes: { 17: 'the rest' },
  },
};
