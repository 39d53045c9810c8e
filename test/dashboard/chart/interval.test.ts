import { expect, it } from 'vitest';
import { canBeMade, INTERVALS } from '../../../dashboard/chart/interval.ts';

it('canBeMade accepts only intervals that the gateway has or can make from shorter candles', () => {
  const made = (...known: string[]) => INTERVALS.filter((interval) => canBeMade(interval, known));
  expect(made('1m')).toEqual(INTERVALS);
  expect(made('1h')).toEqual(['1h', '4h', '1d']);
  expect(made('3m', '15m')).toEqual(['15m', '1h', '4h', '1d']);
  expect(made('1w')).toEqual([]);
  expect(made()).toEqual([]);
});
