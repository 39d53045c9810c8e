import type { MarblePicture } from '../../../scripts/marble-picture.ts';
import type { Fresh } from '../../../src/operators/require-fresh.ts';

export const picture: MarblePicture<string, Fresh<string>> = {
  name: 'requireFresh',
  description:
    'Values pass. Halted comes five milliseconds after the last value, and resumed right before the next fresh one. A value that was made too long ago also halts, and is dropped.',
  inputs: [
    {
      name: 'source',
      marbles: '-a-b-------c---o-d---',
      marks: {
        a: { tone: 'first' },
        b: { tone: 'first' },
        c: { tone: 'first' },
        o: { tone: 'quiet', means: 'a value that arrives 6 ms after it was made' },
        d: { tone: 'first' },
      },
      leftOut: [15],
      spans: [[3, 8, 'getting old']],
    },
  ],
  operator: ["requireFresh({ maxAgeMs: 5, onStale: 'halt', receivedAt: (value) => madeAt[value] })"],
  result: {
    name: 'result',
    marbles: '-a-b----h--(rc)i-(sd)',
    values: {
      a: { kind: 'value', value: 'a' },
      b: { kind: 'value', value: 'b' },
      c: { kind: 'value', value: 'c' },
      d: { kind: 'value', value: 'd' },
      h: { kind: 'halted', ageMs: 5 },
      r: { kind: 'resumed', haltedForMs: 3, leftOut: 0 },
      i: { kind: 'halted', ageMs: 6 },
      s: { kind: 'resumed', haltedForMs: 2, leftOut: 1 },
    },
    marks: {
      a: { tone: 'first' },
      b: { tone: 'first' },
      c: { tone: 'first' },
      d: { tone: 'first' },
      h: { label: 'halted', tone: 'bad', means: 'the last value is 5 ms old' },
      r: { label: 'resumed', tone: 'good', means: 'fresh again, haltedForMs: 3' },
      i: { label: 'halted', tone: 'bad', means: 'the last value was 6 ms old on arrival' },
      s: { label: 'resumed', tone: 'good', means: 'fresh again, leftOut: 1' },
    },
  },
};
