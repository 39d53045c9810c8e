import type { MarblePicture } from '../../../scripts/marble-picture.ts';
import type { Freshness } from '../../../src/operators/detect-stale.ts';

export const picture: MarblePicture<string, string | Freshness> = {
  name: 'detectStale',
  description:
    'Data and pongs pass through. Five milliseconds after the last data, a stale event comes, although pongs still arrive. A recovered event comes right before the next data.',
  inputs: [
    {
      name: 'source',
      marbles: '-d--p---p-d---d--',
      marks: {
        d: { tone: 'first', means: 'data, a trade for example' },
        p: { tone: 'quiet', means: 'pong: an answer, not data' },
      },
      spans: [[1, 6, 'without data']],
    },
  ],
  operator: ["detectStale({ staleAfterMs: 5, isData: (value) => value === 'd' })"],
  result: {
    name: 'result',
    marbles: '-d--p-s-p-(rd)d--',
    values: {
      d: 'd',
      p: 'p',
      s: { kind: 'stale', ageMs: 5, lastDataAt: 1 },
      r: { kind: 'recovered', staleForMs: 4 },
    },
    marks: {
      d: { tone: 'first' },
      p: { tone: 'quiet' },
      s: { label: 'stale', tone: 'bad', means: 'no data for ageMs: 5' },
      r: { label: 'recovered', tone: 'good', means: 'data again, staleForMs: 4' },
    },
  },
};
