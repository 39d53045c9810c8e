import { expect, it } from 'vitest';
import { progressBar } from '../../../src/cli/terminal/progress-bar.ts';

it.each([
  [0, undefined, '   0%  [------------------------]'],
  [0.25, 40_000, '  40 s left  25%  [######------------------]'],
  [0.999, 400, '  400 ms left  99%  [#######################-]'],
  [1.02, 0, '  0 ms left 100%  [########################]'],
])('a progress bar of %d with %s ms left', (share, leftMs, text) => {
  expect(progressBar(share, leftMs)).toBe(text);
});
