import { expect, it } from 'vitest';
import { isOdd, testDataOf, worstEnvironment } from '../../../dashboard/feed/environment.ts';

it('worstEnvironment returns the shown environment that is furthest from production', () => {
  expect(worstEnvironment(['production', 'production', null])).toBe('production');
  expect(worstEnvironment(['production', 'testnet', 'production'])).toBe('testnet');
  expect(worstEnvironment(['replay', 'simulated', 'testnet'])).toBe('simulated');
  expect(worstEnvironment([null, undefined])).toBeUndefined();
});

it('isOdd is true for data of another environment than the feed, which defaults to production', () => {
  expect(isOdd('testnet', 'production')).toBe(true);
  expect(isOdd('testnet', null)).toBe(true);
  expect(isOdd('testnet', 'testnet')).toBe(false);
  expect(isOdd('production', null)).toBe(false);
  expect(isOdd(null, 'production')).toBe(false);
});

it('testDataOf names the coins with test data, unless all coins have test data', () => {
  const of = (coin: string, environment: 'production' | 'testnet') => ({ coin, environment });
  expect(testDataOf([of('BTC', 'testnet'), of('ETH', 'production')])).toEqual(['BTC']);
  expect(testDataOf([of('BTC', 'testnet'), of('ETH', 'testnet')])).toEqual([]);
  expect(testDataOf([of('BTC', 'production')])).toEqual([]);
});
