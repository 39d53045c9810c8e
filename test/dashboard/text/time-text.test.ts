import { expect, it, onTestFinished, vi } from 'vitest';
import { age, clock, day, latency, shortClock } from '../../../dashboard/text/time-text.ts';
import { timeZone } from '../../../dashboard/text/time-zone.ts';

it.each([
  [null, '–'],
  [850, '< 2 s'],
  [1999, '< 2 s'],
  [2000, '2 s'],
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

it('clock, shortClock and day show local time if the page does', () => {
  vi.stubEnv('TZ', 'America/New_York');
  timeZone.value = 'local';
  onTestFinished(() => {
    vi.unstubAllEnvs();
    timeZone.value = 'utc';
  });
  const at = Date.UTC(2026, 10, 21, 3, 3, 7);
  expect([clock(at), shortClock(at), day(at)]).toEqual(['22:03:07', '22:03', '2026-11-20']);
  expect(clock(Date.UTC(2026, 6, 21, 18))).toBe('14:00:00');
});
