import { expect, it } from 'vitest';
import { duration, wholeDuration } from '../../src/domain/duration.ts';

it.each([
  [0, '0 ms'],
  [-3, '0 ms'],
  [999.4, '999 ms'],
  [1000, '1.0 s'],
  [9999, '9.9 s'],
  [99_999, '99 s'],
  [100_000, '1 m 40 s'],
  [3_600_000, '1 h 00 m'],
  [172_800_000, '2 d 0 h'],
])('duration formats %d ms as %s', (ms, text) => expect(duration(ms)).toBe(text));

it('wholeDuration leaves out fractions of a second', () => expect(wholeDuration(1999)).toBe('1 s'));
