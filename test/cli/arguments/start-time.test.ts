import { expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/arguments/command.ts';
import { startTime } from '../../../src/cli/arguments/start-time.ts';

const NOW = Date.UTC(2026, 10, 21, 9, 30, 15, 250);

it.each([
  ['2026-11-21T08:30:00Z', '2026-11-21T08:30:00.000Z'],
  ['2026-11-21T08:30:00+02:00', '2026-11-21T06:30:00.000Z'],
  ['2026-11-21T08:30', '2026-11-21T08:30:00.000Z'],
  ['2026-11-21 08:30:01.5', '2026-11-21T08:30:01.500Z'],
  ['2026-11-21', '2026-11-21T00:00:00.000Z'],
  ['1795255145954', '2026-11-21T09:59:05.954Z'],
  ['09:29:00', '2026-11-21T09:29:00.000Z'],
  ['09:30', '2026-11-21T09:30:00.000Z'],
  ['23:59:59.5', '2026-11-20T23:59:59.500Z'],
  ['-10m', '2026-11-21T09:20:15.250Z'],
  ['-90s', '2026-11-21T09:28:45.250Z'],
  ['-2h', '2026-11-21T07:30:15.250Z'],
  ['-1d', '2026-11-20T09:30:15.250Z'],
])('startTime reads %s as %s', (text, at) => {
  const start = startTime(text, NOW);
  expect(typeof start === 'string' ? start : new Date(start.timeMs).toISOString()).toBe(at);
});

it.each(['beginning', 'end'])('startTime returns %s unchanged', (text) => expect(startTime(text, NOW)).toBe(text));

it.each(['yesterday', '25:00', '9:30', '-10', '10m', '-1w', '2026-13-01', '2026-11-21T25:00', ''])(
  'startTime refuses %j and reports what is allowed',
  (text) => {
    expect(() => startTime(text, NOW)).toThrow(UsageError);
    expect(() => startTime(text, NOW)).toThrow('allowed: beginning, end, a time');
  },
);
