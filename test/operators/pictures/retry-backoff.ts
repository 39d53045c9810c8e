import type { MarblePicture } from '../../../scripts/marble-picture.ts';

const marks = {
  o: { tone: 'quiet', means: 'opened: not data' },
  d: { tone: 'first', means: 'data: the next wait is short again' },
} as const;

export const picture: MarblePicture<string, string> = {
  name: 'retryBackoff',
  description:
    'Four connections one after the other. The first fails after data, and the second is made 2 milliseconds later. That fails without data, and the third is made 4 milliseconds later. That had data, so after its failure the fourth follows in 2 milliseconds. The result is one stream without an error.',
  inputs: [
    { name: 'first', from: 0, marbles: '-o-d-#', marks, spans: [[5, 7, '']] },
    { name: 'second', from: 7, marbles: '--#', marks, spans: [[9, 13, '']] },
    { name: 'third', from: 13, marbles: '-o-d-#', marks, spans: [[18, 20, '']] },
    { name: 'fourth', from: 20, marbles: '-o--', marks },
  ],
  operator: ['retryBackoff({ initialDelayMs: 2, maxDelayMs: 8,', "isData: (value) => value === 'd' })"],
  result: { name: 'result', marbles: '-o-d----------o-d----o---', marks },
};
