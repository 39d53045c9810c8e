import type { MarblePicture } from '../../../scripts/marble-picture.ts';

const on = { label: 'on', tone: 'good', means: 'connected' } as const;
const off = { label: 'off', tone: 'bad', means: 'disconnected, blocked' } as const;
const ofA = { tone: 'first' } as const;
const ofB = { tone: 'second' } as const;

/** The marbles of the result are letters: the values, and F, S and B for the three switches. Epochs are left out. */
export const picture: MarblePicture<string, string> = {
  name: 'failover',
  description:
    'Source a serves first. When it is blocked, the result switches to b at once and begins with the values that b received after the last data of a. Once a has been healthy for 4 milliseconds again, the result switches back with the next value of a, and begins with the values that a received after the last data of b.',
  inputs: [
    {
      name: 'a',
      marbles: '-C-1---2--X-----C-3--4-5-------6-',
      marks: { C: on, X: off, 1: { ...ofA, means: 'a value of a' }, 2: ofA, 3: ofA, 4: ofA, 5: ofA, 6: ofA },
      notes: { 21: 'held' },
      leftOut: [18],
      spans: [[18, 22, 'healthy']],
    },
    {
      name: 'b',
      marbles: '-C--x---y-----z----w---------q---',
      marks: { C: on, x: { ...ofB, means: 'a value of b' }, y: ofB, z: ofB, w: ofB, q: ofB },
      notes: { 8: 'held' },
      leftOut: [4, 29],
    },
  ],
  operator: ['failover([a, b], { graceMs: 5, failBackAfterMs: 4, … })'],
  result: {
    name: 'result',
    marbles: '---(F1)2--(Sy)z----w---(B45)---6-',
    marks: {
      1: ofA,
      2: ofA,
      4: ofA,
      5: ofA,
      6: ofA,
      y: ofB,
      z: ofB,
      w: ofB,
      F: { label: '→ a', tone: 'third' },
      S: { label: 'a → b', tone: 'third', means: 'another source serves, held values first' },
      B: { label: 'b → a', tone: 'third' },
    },
  },
};
