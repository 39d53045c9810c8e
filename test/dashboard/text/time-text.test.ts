import { expect, it } from 'vitest';
import { age, clock, latency, shortClock } from '../../../dashboard/text/time-text.ts';

it.each([
  [null, '–'],
  [850, '< 1 s'],
  [1999, '1 s'],
  [12_000, '12 s'],
])('age formats %s ms as %s', (ms, text) => expect(age(ms)).toBe(text));

it.each([
  [1.24, '1.2 ms'],
  [-0.04, '0.0 ms'],
  [-46.2, '−46 ms'],
  [835.58, '836 ms'],
])('latency formats %d ms as %s', (ms, text) => expect(latency(ms)).toBe(text));

it('clock and shortClock show times in UTC', () => {
  const at = Date.UTC(2026, 10, 21, 18, 3, 7);
  expect([clock(at), shortClock(at)]).toEqual(['18:03:07', '18:03']);
});
