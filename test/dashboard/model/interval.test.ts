import { expect, it } from 'vitest';
import { canBeMade, INTERVALS } from '../../../dashboard/model/interval.ts';

it('the gateway is asked for those candles only that it has or can make of shorter ones', () => {
  const made = (...known: string[]) => INTERVALS.filter((interval) => canBeMade(interval, known));
  expect(made('1m')).toEqual(INTERVALS);
  expect(made('1h')).toEqual(['1h', '4h', '1d']);
  expect(made('3m', '15m')).toEqual(['15m', '1h', '4h', '1d']);
  expect(made('1w')).toEqual([]);
  expect(made()).toEqual([]);
});
